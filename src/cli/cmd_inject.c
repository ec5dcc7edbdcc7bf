// SPDX-License-Identifier: MIT
/* anyarch inject and eject. */
#include <string.h>

#include "base/stop.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/render_inject.h"

struct context {
	struct inject_options options;
	bool json, quiet;
};

/* The argument is ours to change: it is this process's own. */
static int add_base(void *context, const char *argument, struct err *e)
{
	char *equals = strchr((char *)(uintptr_t)argument, '=');
	struct inject_options *o = &((struct context *)context)->options;

	if (!equals || equals == argument || !equals[1])
		return err_set(e, -EINVAL, "invalid --base '%s': expected COPY=NAME", argument);
	if (o->n_bases == INJECT_BASES_MAX)
		return err_set(e, -EINVAL, "more than %d times --base", INJECT_BASES_MAX);
	*equals = '\0';
	o->bases[o->n_bases++] = (struct config_base){ argument, equals + 1 };
	return 0;
}

#define CONTEXT struct context

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
	{ 0, "toolchain", "DIR", "use the tools in DIR (created by 'anyarch toolchain')",
		TEXT(CONTEXT, options.toolchain) },
	{ 0, "compress", "none|gzip|zstd", "compression of the added image layer", CHOICE(CONTEXT, options.codec) },
	{ 0, "force", NULL, "allow TARGET to be this machine's own root", SWITCH(CONTEXT, options.force) },
	{ OPTION_DRY_RUN(CONTEXT, options.dry_run) },
	{ OPTION_JSON(CONTEXT, json) },
	{ 'o', "output", "FILE", "write the changed archive to FILE", TEXT(CONTEXT, options.out) },
	{ OPTION_QUIET(CONTEXT, quiet) },
	{ 0 },
};

static const struct option_spec eject_specs[] = {
	{ 0, "at", "PATH", "remove only the emulator at PATH", TEXT(CONTEXT, options.at) },
	{ 0, "base", "COPY=NAME", "of an image that was built FROM COPY: its history says NAME (repeatable)",
		OTHER(add_base) },
	{ 0, "force", NULL, "allow TARGET to be this machine's own root", SWITCH(CONTEXT, options.force) },
	{ OPTION_DRY_RUN(CONTEXT, options.dry_run) },
	{ OPTION_JSON(CONTEXT, json) },
	{ 'o', "output", "FILE", "write the changed archive to FILE", TEXT(CONTEXT, options.out) },
	{ OPTION_QUIET(CONTEXT, quiet) },
	{ 0 },
};

static int read_epoch(struct inject_options *o, struct err *e)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	unsigned long epoch;

	if (!text || !*text)
		return 0;
	if (str_to_uint(text, INT64_MAX, &epoch))
		return err_set(e, -EINVAL, "SOURCE_DATE_EPOCH is no number of seconds: '%s'", text);
	o->has_epoch = true;
	o->epoch = (int64_t)epoch;
	return 0;
}

/* There is one result, and where it goes nothing else may. */
static int check_output(const struct context *c, int n, struct err *e)
{
	const char *out = c->options.out;

	if (out && n > 1)
		return err_set(e, -EINVAL, "--output takes the result of one target, not of %d", n);
	if (out && c->json && !strcmp(out, "-"))
		return err_set(e, -EINVAL, "--json goes to standard output, and so does --output=-");
	return 0;
}

/* Every target has its turn; the first exit status that is no success. */
static int work(const struct context *c, bool removes, int n, char **targets)
{
	bool quiet = c->quiet || (c->options.out && !strcmp(c->options.out, "-")); /* standard output is the archive */
	auto_json *list = c->json ? jv_array() : NULL;
	struct inject inject = { .options = &c->options };
	int status = EXIT_DONE;

	for (int i = 0; i < n; i++) {
		auto_inject_report report = { 0 };
		auto_err e = { 0 };
		int r = removes ? inject_remove(&inject, targets[i], &report, &e)
				: inject_put(&inject, targets[i], &report, &e);

		render_inject(targets[i], &report, list, quiet);
		if (!r)
			continue;
		fflush(stdout);
		r = exit_with(&e);
		status = status ? status : r;
	}
	inject_done(&inject);
	return c->json && jv_write(list, stdout) ? EXIT_TROUBLE : status;
}

static int run_command(const struct command *command, bool removes, int argc, char **argv)
{
	struct context c = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(command, argc, argv, &c, &status);

	if (first < 0)
		return status;
	if (check_output(&c, argc - first, &e) || read_epoch(&c.options, &e))
		return exit_with(&e);
	stop_catch();
	return work(&c, removes, argc - first, argv + first);
}

static int run_inject(int argc, char **argv)
{
	return run_command(&cmd_inject, false, argc, argv);
}

static int run_eject(int argc, char **argv)
{
	return run_command(&cmd_eject, true, argc, argv);
}

const struct command cmd_inject = {
	"inject",
	"[OPTION...] TARGET...",
	"put the right emulator into root file systems and images",
	run_inject,
	inject_specs,
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
	.least_words = 1,
	.examples = "  anyarch eject image.tar\n"
		    "  sudo anyarch eject rootfs\n",
};
