// SPDX-License-Identifier: MIT
/* anyarch unregister: take handlers out. */
#include "base/stop.h"
#include "binfmt/unregister.h"
#include "cli/cli.h"

enum { OPT_ALL = OPT_FIRST, OPT_TRANSIENT, OPT_DRY_RUN, OPT_ROOT, OPT_MOUNT };

static const struct option_spec specs[] = {
	{ OPT_ALL, "all", NULL, "every handler that looks like ours" },
	{ OPT_TRANSIENT, "transient", NULL, "only what register made and nothing brings back at boot" },
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would be removed and change nothing" },
	{ OPT_ROOT, "root", "DIR", "binfmt.d below DIR" },
	{ OPT_MOUNT, "mount", "DIR", "the binfmt_misc directory" },
	{ 'q', "quiet", NULL, "print errors only" },
	{ 0 },
};

struct context {
	struct unregister_options options;
	bool quiet;
};

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct context *c = context;

	(void)e;
	switch (id) {
	case OPT_ALL:
		c->options.all = true;
		break;
	case OPT_TRANSIENT:
		c->options.transient = true;
		break;
	case OPT_DRY_RUN:
		c->options.dry_run = true;
		break;
	case OPT_ROOT:
		c->options.root = argument;
		break;
	case OPT_MOUNT:
		c->options.mount_at = argument;
		break;
	default:
		c->quiet = true;
	}
	return 0;
}

static int run(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_unregister, set };
	struct unregister_report report = { 0 };
	struct context c = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &c, &status);

	if (first < 0)
		return status;
	c.options.words = (const char *const *)argv + first;
	c.options.n_words = (size_t)(argc - first);
	if (!c.options.all && !c.options.n_words) {
		err_set(&e, -EINVAL, "unregister: which handlers?");
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
	"take handlers out; what is not ours only when it is named exactly",
	run,
	specs,
};
