// SPDX-License-Identifier: MIT
/* anyarch inject and eject: options, targets, and the emulator that they share. */
#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/stop.h"
#include "base/str.h"
#include "binfmt/handler.h"
#include "binfmt/native.h"
#include "cli/inject.h"
#include "cli/options.h"
#include "emulator/stub.h"
#include "image/packed.h"

/* The argument is ours to change: it is this process's own. */
static int add_base(void *context, const char *argument, struct err *e)
{
	char *equals = strchr((char *)(uintptr_t)argument, '=');
	struct inject_context *c = context;

	if (!equals || equals == argument || !equals[1])
		return err_set(e, -EINVAL, "invalid --base '%s': expected COPY=NAME", argument);
	if (c->n_bases == INJECT_BASES_MAX)
		return err_set(e, -EINVAL, "more than %d times --base", INJECT_BASES_MAX);
	*equals = '\0';
	c->bases[c->n_bases++] = (struct config_base){ argument, equals + 1 };
	return 0;
}

#define CONTEXT struct inject_context

static const struct option_spec inject_specs[] = {
	{ 0, "at", "PATH", "where in the root, instead of where it is needed", TEXT(CONTEXT, at) },
	{ 0, "platform", "PLATFORM", "instead of what its files say", PLATFORM(CONTEXT, platform, has_platform) },
	{ 0, "emulator", "FILE", "use this emulator, a program or a .tar.gz with it", TEXT(CONTEXT, emulator) },
	{ OPTION_SEARCH(CONTEXT, search) },
	{ 0, "accelerate", NULL, "also native compilers, as far as they equal those that are there",
		SWITCH(CONTEXT, accelerate) },
	{ 0, "toolchain", "DIR", "take them from there, as anyarch toolchain has made it",
		TEXT(CONTEXT, toolchains.dir) },
	{ 0, "compress", "none|gzip|zstd", "of an image: how the layer is stored", CHOICE(CONTEXT, codec) },
	{ 0, "force", NULL, "also the root of this machine", SWITCH(CONTEXT, force) },
	{ OPTION_DRY_RUN(CONTEXT, dry_run) },
	{ OPTION_JSON(CONTEXT, json) },
	{ 'o', "output", "FILE", "of an archive: write the result there", TEXT(CONTEXT, out) },
	{ OPTION_QUIET(CONTEXT, quiet) },
	{ 0 },
};

static const struct option_spec eject_specs[] = {
	{ 0, "at", "PATH", "only what was put there", TEXT(CONTEXT, at) },
	{ 0, "base", "COPY=NAME", "of an image that was built FROM COPY: its history says NAME (repeatable)",
		OTHER(add_base) },
	{ 0, "force", NULL, "also the root of this machine", SWITCH(CONTEXT, force) },
	{ OPTION_DRY_RUN(CONTEXT, dry_run) },
	{ OPTION_JSON(CONTEXT, json) },
	{ 'o', "output", "FILE", "of an archive: write the result there", TEXT(CONTEXT, out) },
	{ OPTION_QUIET(CONTEXT, quiet) },
	{ 0 },
};

static void tell_tools(const struct inject_context *c, const struct inject_tools *tools)
{
	auto_buf line = { 0 };

	str_escape(&line, c->target, strlen(c->target));
	buf_addf(&line, ": %s " ENTRY_PLACE_ROOT, inject_words[tools->result]);
	if (tools->twins) {
		buf_adds(&line, ": ");
		twins_say(&line, tools->twins);
	}
	printf("%s\n", buf_text(&line));
}

void inject_tell(struct inject_context *c, enum inject_result result, const char *at, const struct arch *arch,
	const struct inject_tools *tools)
{
	bool is_native = !at && result == INJECT_UNCHANGED;
	auto_buf safe = { 0 };

	if (c->json) {
		struct json *o = jv_object();

		jv_set(o, "target", jv_text(c->target));
		jv_set(o, "result", jv_text(is_native ? "native" : inject_words[result]));
		jv_set(o, "path", jv_text(at));
		jv_set(o, "arch", jv_text(arch ? arch->qemu : NULL));
		if (tools)
			jv_set(o, "tools", jv_text(inject_words[tools->result]));
		if (tools && tools->twins)
			twins_json(o, tools->twins);
		jv_push(c->list, o);
		return;
	}
	if (c->quiet)
		return;
	str_escape(&safe, c->target, strlen(c->target));
	if (is_native) {
		printf("%s: native (%s): nothing to inject\n", buf_text(&safe), arch_word(arch));
		return;
	}
	buf_addf(&safe, ": %s ", inject_words[result]);
	at = at ? at : "the layer of the emulator";
	str_escape(&safe, at, strlen(at));
	printf("%s\n", buf_text(&safe));
	if (tools)
		tell_tools(c, tools);
}

/* A program, or the archive that one is published in, which is read from memory then. */
static int open_named(const char *name, const struct arch *arch, struct emulator *ret, struct err *e)
{
	auto_fd fd = fd_open_regular(AT_FDCWD, name, 0), unpacked = -1;
	char path[64];

	if (fd < 0 || !packed_is(fd))
		return emulator_open("", name, arch, ret, e);
	unpacked = packed_open(fd, e);
	if (unpacked < 0)
		return unpacked;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", unpacked);
	return emulator_open("", path, arch, ret, e);
}

int inject_find_source(struct inject_context *c, const struct arch *arch, struct inject_source **ret, struct err *e)
{
	struct inject_source *source = c->sources;
	int r;

	while (source < c->sources + c->n_sources && source->emulator.arch != arch)
		source++;
	*ret = source;
	if (source < c->sources + c->n_sources)
		return 0;
	if (c->n_sources == ARRAY_SIZE(c->sources))
		return err_sys(e, -E2BIG, "%s", c->target);
	r = c->emulator ? open_named(c->emulator, arch, &source->emulator, e)
			: search_emulator(&c->search, arch, &source->emulator, NULL, e);
	if (r)
		return c->emulator ? err_prefix(e, "%s", c->emulator) : r;
	r = c->accelerate ? stub_use_unnamed(&source->emulator, e) : 0;
	if (r) {
		emulator_done(&source->emulator);
		return r;
	}
	c->n_sources++;
	return 0;
}

bool inject_is_native(const struct inject_context *c, const struct arch *arch)
{
	bool is_native = false;

	if (arch == arch_host())
		return true;
	return !c->emulator && !native_test(&arch, 1, true, &is_native, NULL) && is_native;
}

char *inject_find_place(const struct inject_context *c, const struct arch *arch)
{
	char *path = c->at ? strdup(c->at) : handler_unfixed_interpreter(arch);

	if (!path && asprintf(&path, "/usr/bin/qemu-%s-static", arch->qemu) < 0)
		path = NULL;
	return path;
}

static int eject_targets(struct inject_context *c, int n, char **targets)
{
	int status = EXIT_DONE;

	for (int i = 0; i < n; i++) {
		auto_err e = { 0 };
		int r;

		c->target = targets[i];
		r = stop_check(&e);
		if (!r && inject_is_image(c, c->target))
			r = inject_image(c, &e);
		else {
			r = r ? r : inject_open_root(c, &e);
			r = r ? r : inject_eject_root(c, &e);
		}
		cleanup_fd(&c->root);
		c->root = -1;
		if (r) {
			fflush(stdout);
			r = exit_with(&e);
			status = status ? status : r;
		}
	}
	return status;
}

static int inject_one_image(struct inject_context *c, char *target)
{
	auto_err e = { 0 };

	c->target = target;
	if (!stop_check(&e) && !inject_image(c, &e))
		return EXIT_DONE;
	fflush(stdout);
	return exit_with(&e);
}

static int inject_targets(struct inject_context *c, int n, char **targets)
{
	size_t size = inject_batch_size();
	int status = EXIT_DONE;

	for (size_t i = 0, count; i < (size_t)n; i += count) {
		int r;

		for (count = 0; count < size && i + count < (size_t)n && !inject_is_image(c, targets[i + count]);)
			count++;
		r = count ? inject_roots(c, count, targets + i) : inject_one_image(c, targets[i]);
		count += !count;
		status = status ? status : r;
	}
	for (size_t i = 0; i < c->n_sources; i++)
		emulator_done(&c->sources[i].emulator);
	toolchains_done(&c->toolchains);
	return status;
}

static int read_epoch(struct inject_context *c, struct err *e)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	unsigned long epoch;

	if (!text || !*text)
		return 0;
	if (str_to_uint(text, INT64_MAX, &epoch))
		return err_set(e, -EINVAL, "SOURCE_DATE_EPOCH is no number of seconds: '%s'", text);
	c->has_epoch = true;
	c->epoch = (int64_t)epoch;
	return 0;
}

/* There is one result, and where it goes nothing else may. */
static int check_output(const struct inject_context *c, int n, struct err *e)
{
	if (c->out && n > 1)
		return err_set(e, -EINVAL, "--output takes the result of one target, not of %d", n);
	if (c->out && c->json && !strcmp(c->out, "-"))
		return err_set(e, -EINVAL, "--json goes to standard output, and so does --output=-");
	return 0;
}

static int run_command(const struct command *command, int argc, char **argv,
	int (*work)(struct inject_context *c, int n, char **targets))
{
	struct inject_context c = { .command = command, .root = -1 };
	auto_err e = { 0 };
	int status, first = options_parse(command, argc, argv, &c, &status);

	if (first < 0)
		return status;
	if (first == argc)
		err_set(&e, -EINVAL, "%s: which root file system or image?", command->name);
	if (first == argc || check_output(&c, argc - first, &e) || read_epoch(&c, &e))
		return exit_with(&e);
	c.toolchains.needs_digests = c.accelerate;
	stop_catch();
	if (c.json)
		c.list = jv_array();
	c.ejects = work == eject_targets;
	c.quiet |= c.out && !strcmp(c.out, "-"); /* standard output is the archive */
	status = work(&c, argc - first, argv + first);
	if (c.json && jv_write(c.list, stdout))
		status = EXIT_TROUBLE;
	if (c.json)
		jv_free(c.list);
	return status;
}

static int run_inject(int argc, char **argv)
{
	return run_command(&cmd_inject, argc, argv, inject_targets);
}

static int run_eject(int argc, char **argv)
{
	return run_command(&cmd_eject, argc, argv, eject_targets);
}

const struct command cmd_inject = {
	"inject",
	"[OPTION...] TARGET...",
	"put the right emulator into root file systems and images",
	run_inject,
	inject_specs,
};

const struct command cmd_eject = {
	"eject",
	"[OPTION...] TARGET...",
	"take injected emulators out of root file systems and images",
	run_eject,
	eject_specs,
};
