// SPDX-License-Identifier: MIT
/* anyarch register: find emulators, register handlers, prove them, make them last. */
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/render.h"

enum {
	OPT_EMULATOR_DIR = OPT_FIRST,
	OPT_EMULATOR,
	OPT_CREDENTIALS,
	OPT_ARGV0,
	OPT_LASTING,
	OPT_PERSIST,
	OPT_NO_VERIFY,
	OPT_REPLACE,
	OPT_FORCE,
	OPT_DRY_RUN,
	OPT_ROOT,
	OPT_MOUNT,
	OPT_JSON,
	OPT_OUTPUT,
	OPT_NOHEADINGS,
	OPT_WATCH,
	OPT_ACCELERATE,
};

enum { WATCH_MAX = 24 * 60 * 60 };

static const struct option_spec specs[] = {
	{ OPT_EMULATOR_DIR, "emulator-dir", "DIR", "look for emulators there (repeatable)" },
	{ OPT_EMULATOR, "emulator", "ARCH=FILE", "use this emulator (repeatable)" },
	{ OPT_ACCELERATE, "accelerate", NULL, "emulators that let native compilers stand in, where inject put them" },
	{ OPT_CREDENTIALS, "credentials", NULL, "set-user-ID programs keep their rights (C)" },
	{ OPT_ARGV0, "argv0", "auto|on|off", "pass the original argv[0] on (P)" },
	{ OPT_LASTING, "lasting", "auto|host|pin|mount|no", "how to make the handlers last" },
	{ OPT_PERSIST, "persist", NULL, "also write /etc/binfmt.d, for the next boot" },
	{ OPT_NO_VERIFY, "no-verify", NULL, "do not run test programs" },
	{ OPT_REPLACE, "replace", NULL, "also replace handlers that are not ours" },
	{ OPT_FORCE, "force", NULL, "also what this machine runs natively" },
	{ OPT_WATCH, "watch", "SECONDS", "stay, look again so often, restore what was lost" },
	{ OPT_DRY_RUN, "dry-run", NULL, "print the rules and change nothing" },
	{ OPT_ROOT, "root", "DIR", "look for emulators and binfmt.d below DIR" },
	{ OPT_MOUNT, "mount", "DIR", "the binfmt_misc directory" },
	{ OPT_JSON, "json", NULL, "print the result as JSON" },
	{ OPT_OUTPUT, "output", "COL,...", "columns of the table" },
	{ OPT_NOHEADINGS, "noheadings", NULL, "table without its head" },
	{ 'q', "quiet", NULL, "print errors only" },
	{ 'v', "verbose", NULL, "say which emulators were passed over, and why" },
	{ 0 },
};

struct context {
	struct register_options options;
	struct table_view view;
	unsigned long watch; /* seconds; 0 for one run */
};

static int choose_word(const char *const *words, const char *typed, struct err *e)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], typed))
			return i;
	return err_set(e, -EINVAL, "unknown value '%s'", typed);
}

static int add_emulator(struct search *search, const char *argument, struct err *e)
{
	const char *equals = strchr(argument, '=');
	struct platform p;

	if (!equals || search->n_files == ARRAY_SIZE(search->files))
		return err_set(e, -EINVAL, "--emulator wants ARCH=FILE, not '%s'", argument);
	if (name_parse(argument, (size_t)(equals - argument), &p, e))
		return -EINVAL;
	search->file_arch[search->n_files] = p.arch;
	search->files[search->n_files++] = equals + 1;
	return 0;
}

static int add_dir(struct search *search, const char *dir, struct err *e)
{
	if (search->n_dirs == ARRAY_SIZE(search->dirs))
		return err_set(e, -EINVAL, "more than %d directories", SEARCH_DIRS_MAX);
	search->dirs[search->n_dirs++] = dir;
	return 0;
}

static int set_watch(struct context *c, const char *argument, struct err *e)
{
	if (str_to_uint(argument, WATCH_MAX, &c->watch) || !c->watch)
		return err_set(e, -EINVAL, "--watch wants 1 to %d seconds, not '%s'", WATCH_MAX, argument);
	return 0;
}

static int set_switch(struct context *c, int id)
{
	struct {
		int id;
		bool *target;
	} const switches[] = {
		{ OPT_ACCELERATE, &c->options.accelerate },
		{ OPT_CREDENTIALS, &c->options.credentials },
		{ OPT_PERSIST, &c->options.persist },
		{ OPT_NO_VERIFY, &c->options.no_verify },
		{ OPT_REPLACE, &c->options.replace },
		{ OPT_FORCE, &c->options.force },
		{ OPT_DRY_RUN, &c->options.dry_run },
		{ OPT_JSON, &c->view.json },
		{ OPT_NOHEADINGS, &c->view.no_headings },
		{ 'q', &c->view.quiet },
		{ 'v', &c->view.verbose },
	};

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (switches[i].id == id)
			*switches[i].target = true;
	return 0;
}

static int set(void *context, int id, const char *argument, struct err *e)
{
	static const char *const argv0_words[] = { "auto", "on", "off", NULL };
	struct context *c = context;
	int word;

	switch (id) {
	case OPT_EMULATOR_DIR:
		return add_dir(&c->options.search, argument, e);
	case OPT_EMULATOR:
		return add_emulator(&c->options.search, argument, e);
	case OPT_ARGV0:
		word = choose_word(argv0_words, argument, e);
		c->options.argv0 = word < 0 ? ARGV0_AUTO : (enum argv0)word;
		return MIN_OF(word, 0);
	case OPT_LASTING:
		word = choose_word(lasting_words, argument, e);
		c->options.lasting = word < 0 ? LASTING_AUTO : (enum lasting)word;
		return MIN_OF(word, 0);
	case OPT_ROOT:
		c->options.root = c->options.search.root = argument;
		return 0;
	case OPT_MOUNT:
		c->options.mount_at = argument;
		return 0;
	case OPT_WATCH:
		return set_watch(c, argument, e);
	case OPT_OUTPUT:
		c->view.output = argument;
		return grid_check(register_columns, argument, e);
	default:
		return set_switch(c, id);
	}
}

/* Registers and prints. What serves afterwards is added to ret_served. */
static int register_once(const struct context *c, struct name_set *ret_served)
{
	auto_report report = { 0 };
	auto_err e = { 0 };
	int status;

	if (register_run(&c->options, &report, &e))
		return exit_with(&e);
	status = render_register(&report, &c->options, &c->view);
	for (size_t i = 0; i < report.n; i++)
		if (report.items[i].result >= REGISTER_DONE && report.items[i].result <= REGISTER_UNCHANGED)
			name_set_add_arch(ret_served, report.items[i].arch);
	return status;
}

/* Whether all of these still run; -errno when nobody can tell. */
static int look_after(const char *mount_at, const struct name_set *served, struct err *e)
{
	auto_free struct status *status = mem_new(1, sizeof(*status));
	bool works = true;

	if (!status)
		return err_sys(e, -ENOMEM, "cannot collect the status");
	if (status_collect(mount_at, true, served, status, e))
		return e->code;
	for (size_t i = 0; i < served->n; i++)
		works &= status_works(status, served->arch[i]);
	status_done(status);
	return works;
}

/* Returns the exit status: of the signal that ends it, or of what cannot be restored. */
static int watch(const struct context *c, const struct name_set *served)
{
	auto_err e = { 0 };
	int status, works;

	for (;;) {
		if (stop_wait((unsigned)c->watch, &e))
			return exit_with(&e);
		works = look_after(c->options.mount_at, served, &e);
		if (works < 0)
			return exit_with(&e);
		if (works)
			continue;
		say_note("a handler was lost: registering again");
		status = register_once(c, &(struct name_set){ 0 });
		if (status)
			return status;
	}
}

static int check_watch(const struct context *c, struct err *e)
{
	if (c->watch && (c->options.dry_run || c->options.no_verify))
		return err_set(e, -EINVAL, "--watch goes neither with --dry-run nor with --no-verify");
	return 0;
}

static int run(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_register, set };
	struct name_set served = { 0 };
	struct context c = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &c, &status);

	if (first < 0)
		return status;
	for (int i = first; i < argc; i++)
		if (name_set_add(&c.options.names, argv[i], &e))
			return exit_with(&e);
	/* Whoever brings an emulator and says no more means what that is for. */
	for (size_t i = 0; first == argc && i < c.options.search.n_files; i++)
		name_set_add_arch(&c.options.names, c.options.search.file_arch[i]);
	if (check_watch(&c, &e))
		return exit_with(&e);
	if (c.options.credentials && !c.options.dry_run)
		say_warning("--credentials: whoever may run a foreign set-user-ID program controls an "
			    "emulator that runs as its owner");
	stop_catch();
	status = register_once(&c, &served);
	return status || !c.watch ? status : watch(&c, &served);
}

const struct command cmd_register = {
	"register",
	"[OPTION...] [PLATFORM...]",
	"make this machine run programs of other architectures (default: arm arm64)",
	run,
	specs,
	register_columns,
};
