// SPDX-License-Identifier: MIT
/* anyarch inject and eject. */
#include <string.h>

#include "base/stop.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/render_inject.h"

struct context {
	struct inject_options options;
	unsigned jobs;
	bool json, quiet;
};

static int add_base(void *context, const char *argument, struct err *e)
{
	return inject_add_base(&((struct context *)context)->options, argument, e);
}

#define CONTEXT struct context
#define OPTION_FORCE                                                                                                   \
	0, "force", NULL, "replace the FILE of --output; allow TARGET to be this machine's own root",                  \
		SWITCH(CONTEXT, options.force)
#define OPTION_OUT 'o', "output", "FILE", "write the changed archive to FILE", TEXT(CONTEXT, options.out)

static const struct option_spec inject_specs[] = {
	{ 0, "at", "PATH", "path of the emulator in the target (default: where the handler expects it)",
		TEXT(CONTEXT, options.at) },
	{ 0, "platform", "PLATFORM", "platform of the target (default: judged by its files)",
		PLATFORM(CONTEXT, options.platform, options.has_platform) },
	{ 0, "emulator", "FILE", "emulator to use, a program or a .tar.gz that contains it",
		TEXT(CONTEXT, options.emulator) },
	{ OPTION_SEARCH(CONTEXT, options.search) },
	{ 0, "accelerate", NULL, "also install native compilers where the target has identical ones",
		SWITCH(CONTEXT, options.accelerate) },
	{ 0, "toolchain", "ROOT|IMAGE", "use the tools of a root file system or image for this machine",
		TEXT(CONTEXT, options.toolchain) },
	{ 0, "compress", "none|gzip|zstd", "compression of the added image layer", CHOICE(CONTEXT, options.codec) },
	{ OPTION_FORCE },
	{ OPTION_JOBS(CONTEXT, jobs) },
	{ OPTION_DRY_RUN(CONTEXT, options.dry_run) },
	{ OPTION_JSON(CONTEXT, json) },
	{ OPTION_OUT },
	{ OPTION_QUIET(CONTEXT, quiet) },
	{ 0 },
};

static const struct option_spec eject_specs[] = {
	{ 0, "at", "PATH", "remove only the emulator at PATH", TEXT(CONTEXT, options.at) },
	{ 0, "base", "COPY=NAME", "in the history of an image built FROM COPY, replace COPY by NAME (repeatable)",
		OTHER(add_base) },
	{ OPTION_FORCE },
	{ OPTION_JOBS(CONTEXT, jobs) },
	{ OPTION_DRY_RUN(CONTEXT, options.dry_run) },
	{ OPTION_JSON(CONTEXT, json) },
	{ OPTION_OUT },
	{ OPTION_QUIET(CONTEXT, quiet) },
	{ 0 },
};

/* --output takes a single result, and standard output is not shared. */
static int run(void *context, int n, char **targets, struct err *e)
{
	struct context *c = context;
	const char *out = c->options.out;

	if (out && n > 1)
		return err_set(e, -EINVAL, "--output takes the result of one target, not of %d", n);
	if (out && c->json && !strcmp(out, "-"))
		return err_set(e, -EINVAL, "--json cannot be combined with --output=-");
	if (inject_set_epoch(&c->options, getenv("SOURCE_DATE_EPOCH"), e))
		return e->code;
	stop_catch();
	return render_injects(&(struct inject_round){ &c->options, targets, (size_t)n, c->jobs }, c->json, c->quiet);
}

static int run_eject(void *context, int n, char **targets, struct err *e)
{
	((struct context *)context)->options.removes = true;
	return run(context, n, targets, e);
}

const struct command cmd_inject = {
	"inject",
	"[OPTION...] TARGET...",
	"put the right emulator into root file systems and images",
	run,
	inject_specs,
	sizeof(struct context),
	.least_words = 1,
	.examples = "  anyarch inject image.tar\n"
		    "  anyarch inject --output with-qemu.tar image.tar\n"
		    "  sudo anyarch inject rootfs\n",
};

const struct command cmd_eject = {
	"eject",
	"[OPTION...] TARGET...",
	"remove injected emulators from root file systems and images",
	run_eject,
	eject_specs,
	sizeof(struct context),
	.least_words = 1,
	.examples = "  anyarch eject image.tar\n"
		    "  sudo anyarch eject rootfs\n",
};
