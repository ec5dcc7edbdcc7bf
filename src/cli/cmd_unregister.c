// SPDX-License-Identifier: MIT
/* anyarch unregister: take handlers out. */
#include "base/stop.h"
#include "binfmt/unregister.h"
#include "cli/options.h"

struct context {
	struct unregister_options options;
	bool quiet;
};

static const struct option_spec specs[] = {
	{ 0, "all", NULL, "every handler that anyarch would register", SWITCH(struct context, options.all) },
	{ 0, "transient", NULL, "only handlers that nothing restores at boot",
		SWITCH(struct context, options.transient) },
	{ OPTION_DRY_RUN(struct context, options.dry_run) },
	{ 0, "root", "DIR", "use the binfmt.d below DIR", TEXT(struct context, options.root) },
	{ OPTION_MOUNT(struct context, options.mount_at) },
	{ OPTION_QUIET(struct context, quiet) },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct unregister_report report = { 0 };
	struct context c = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(&cmd_unregister, argc, argv, &c, &status);

	if (first < 0)
		return status;
	c.options.words = (const char *const *)argv + first;
	c.options.n_words = (size_t)(argc - first);
	if (!c.options.all && !c.options.n_words) {
		err_set(&e, -EINVAL, "unregister: missing PLATFORM, NAME or GLOB");
		err_hint(&e, "name platforms or handlers, or --all");
		return exit_with(&e);
	}
	stop_catch();
	status = unregister_run(&c.options, &report, &e) ? exit_with(&e) : EXIT_DONE;
	if (!c.quiet)
		printf("%s", buf_text(&report.removed));
	if (!c.quiet && report.n_absent)
		say_note("not registered: %.*s", (int)report.absent.len - 1, buf_text(&report.absent));
	else if (!c.quiet && !status && !report.n_removed)
		say_note("nothing %s", c.options.transient ? "to take out" : "was registered");
	unregister_done(&report);
	return status;
}

const struct command cmd_unregister = {
	"unregister",
	"[OPTION...] [PLATFORM|NAME|GLOB...]",
	"remove handlers (other programs' handlers only if named exactly)",
	run,
	specs,
};
