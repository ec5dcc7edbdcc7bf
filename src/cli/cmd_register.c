// SPDX-License-Identifier: MIT
/* anyarch register: find emulators, register handlers, test them, make them last. */
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/render.h"

enum { WATCH_MAX = 24 * 60 * 60 };

struct context {
	struct register_options options;
	struct table_view view;
	unsigned watch; /* seconds; 0: register once */
};

static int add_emulator(void *context, const char *argument, struct err *e)
{
	struct search *search = &((struct context *)context)->options.search;
	const char *equals = strchr(argument, '=');
	struct platform p;

	if (!equals || search->n_files == ARRAY_SIZE(search->files))
		return err_set(e, -EINVAL, "invalid --emulator '%s': expected ARCH=FILE", argument);
	if (name_parse(argument, (size_t)(equals - argument), &p, e))
		return -EINVAL;
	search->file_arch[search->n_files] = p.arch;
	search->files[search->n_files++] = equals + 1;
	return 0;
}

static const struct option_spec specs[] = {
	{ OPTION_SEARCH(struct context, options.search) },
	{ 0, "emulator", "ARCH=FILE", "use this emulator (repeatable)", OTHER(add_emulator) },
	{ 0, "accelerate", NULL, "use emulators that run the native compilers of inject --accelerate",
		SWITCH(struct context, options.accelerate) },
	{ 0, "credentials", NULL, "flag C (lets local users gain root)", SWITCH(struct context, options.credentials) },
	{ 0, "argv0", "auto|on|off", "flag P: pass the original argv[0]", CHOICE(struct context, options.argv0) },
	{ 0, "lasting", "auto|host|pin|mount|no", "how to make the handlers last",
		CHOICE(struct context, options.lasting) },
	{ 0, "persist", NULL, "also write /etc/binfmt.d, to restore the handlers at boot",
		SWITCH(struct context, options.persist) },
	{ 0, "no-verify", NULL, "do not run test programs", SWITCH(struct context, options.no_verify) },
	{ 0, "replace", NULL, "also replace handlers of other programs", SWITCH(struct context, options.replace) },
	{ 0, "force", NULL, "also register architectures that this machine runs natively",
		SWITCH(struct context, options.force) },
	{ 0, "watch", "SECONDS", "keep running; every SECONDS restore missing handlers",
		NUMBER(struct context, watch, WATCH_MAX) },
	{ OPTION_DRY_RUN(struct context, options.dry_run) },
	{ 0, "root", "DIR", "use the emulators and binfmt.d below DIR", TEXT(struct context, options.root) },
	{ OPTION_MOUNT(struct context, options.mount_at) },
	{ OPTION_JSON(struct context, view.json) },
	{ OPTION_COLUMN_LIST(struct context, view) },
	{ OPTION_NOHEADINGS(struct context, view) },
	{ OPTION_OUTPUT_COLUMNS(struct context, view) },
	{ OPTION_QUIET(struct context, view.quiet) },
	{ 'v', "verbose", NULL, "report which emulators were skipped, and why", SWITCH(struct context, view.verbose) },
	{ 0 },
};

/* Registers and prints. Adds the architectures that work afterwards to ret_served. */
static int register_once(const struct context *c, struct name_set *ret_served, struct err *e)
{
	auto_report report = { 0 };
	int status;

	if (register_run(&c->options, &report, e))
		return e->code;
	status = render_register(&report, &c->options, &c->view);
	for (size_t i = 0; i < report.n; i++)
		if (report.items[i].result >= REGISTER_DONE && report.items[i].result <= REGISTER_UNCHANGED)
			name_set_add_arch(ret_served, report.items[i].arch);
	return status;
}

/* Runs until a signal or a failure to restore handlers. Returns an exit status or -errno with e set. */
static int watch(const struct context *c, const struct name_set *served, struct err *e)
{
	for (;;) {
		auto_free struct status *status = mem_new(1, sizeof(*status));
		bool works = true;
		int r = stop_wait(c->watch, e);

		r = r ? r : status_collect(c->options.mount_at, true, served, status, e);
		for (size_t i = 0; !r && i < served->n; i++)
			works &= status_works(status, served->arch[i]);
		status_done(status);
		if (r)
			return r;
		if (works)
			continue;
		say_note("a handler was lost: registering again");
		r = register_once(c, &(struct name_set){ 0 }, e);
		if (r)
			return r;
	}
}

static int run(void *context, int n, char **words, struct err *e)
{
	struct name_set served = { 0 };
	struct context *c = context;
	int status;

	c->options.search.root = c->options.root;
	for (int i = 0; i < n; i++)
		if (name_set_add(&c->options.names, words[i], e))
			return e->code;
	/* With --emulator and no PLATFORM, register the architectures of these emulators. */
	for (size_t i = 0; !n && i < c->options.search.n_files; i++)
		name_set_add_arch(&c->options.names, c->options.search.file_arch[i]);
	if (c->watch && (c->options.dry_run || c->options.no_verify))
		return err_set(e, -EINVAL, "--watch cannot be combined with --dry-run or --no-verify");
	if (c->options.credentials && !c->options.dry_run)
		say_warning("--credentials: anyone who may run a foreign set-user-ID program controls an "
			    "emulator that runs as its owner");
	stop_catch();
	status = register_once(c, &served, e);
	return status || !c->watch ? status : watch(c, &served, e);
}

const struct command cmd_register = {
	"register",
	"[OPTION...] [PLATFORM...]",
	"make this machine run programs of other architectures (default: arm arm64)",
	run,
	specs,
	sizeof(struct context),
	register_columns,
	.examples = "  sudo anyarch register\n"
		    "  sudo anyarch register --persist riscv64\n"
		    "  anyarch register --dry-run all\n",
};
