// SPDX-License-Identifier: MIT
/* anyarch unregister: remove handlers. */
#include <string.h>

#include "base/stop.h"
#include "binfmt/unregister.h"
#include "cli/options.h"

struct context {
	struct unregister_options options;
	bool json, quiet;
};

static const struct option_spec specs[] = {
	{ 0, "all", NULL, "every handler that anyarch would register", SWITCH(struct context, options.all) },
	{ 0, "transient", NULL, "only handlers that nothing restores at boot",
		SWITCH(struct context, options.transient) },
	{ OPTION_DRY_RUN(struct context, options.dry_run) },
	{ 0, "root", "DIR", "use the binfmt.d below DIR", TEXT(struct context, options.root) },
	{ OPTION_MOUNT(struct context, options.mount_at) },
	{ OPTION_JSON(struct context, json) },
	{ OPTION_QUIET(struct context, quiet) },
	{ 0 },
};

static struct json *list_of(char *const *texts, size_t n)
{
	struct json *list = jv_array();

	for (size_t i = 0; i < n; i++)
		jv_push(list, jv_text(texts[i]));
	return list;
}

static int run(void *context, int n, char **words, struct err *e)
{
	struct unregister_report report = { 0 };
	struct context *c = context;
	auto_buf absent = { 0 };
	int status;

	c->options.words = (const char *const *)words;
	c->options.n_words = (size_t)n;
	if (!c->options.all && !n) {
		err_set(e, -EINVAL, "unregister: missing PLATFORM, NAME or GLOB");
		return err_hint(e, "name platforms or handlers, or --all");
	}
	stop_catch();
	status = unregister_run(&c->options, &report, e) ? exit_with(e) : EXIT_DONE;
	if (c->json) {
		struct json *o = jv_object();

		jv_set(o, "removed", list_of(report.removed, report.n_removed));
		jv_set(o, "absent", list_of(report.absent, report.n_absent));
		status = print_json(o) ? EXIT_TROUBLE : status;
	} else if (!c->quiet) {
		for (size_t i = 0; i < report.n_removed; i++)
			puts(report.removed[i]);
	}
	for (size_t i = 0; i < report.n_absent; i++)
		buf_addf(&absent, " %s", report.absent[i]);
	if (!c->quiet && report.n_absent)
		say_note("not registered:%s", buf_text(&absent));
	else if (!c->quiet && !status && !report.n_removed)
		say_note("nothing %s", c->options.transient ? "to remove" : "was registered");
	unregister_done(&report);
	return status;
}

const struct command cmd_unregister = {
	"unregister",
	"[OPTION...] [PLATFORM|NAME|GLOB...]",
	"remove handlers (other programs' handlers only if named exactly)",
	run,
	specs,
	sizeof(struct context),
	.examples = "  sudo anyarch unregister riscv64\n"
		    "  anyarch unregister --dry-run --all\n"
		    "  sudo anyarch unregister --all\n",
};
