// SPDX-License-Identifier: MIT
/* anyarch inject and eject: the right emulator into root file systems, and out again. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/stop.h"
#include "base/str.h"
#include "binfmt/handler.h"
#include "cli/cli.h"
#include "emulator/search.h"
#include "rootfs/inject.h"
#include "rootfs/survey.h"

enum {
	OPT_AT = OPT_FIRST, OPT_PLATFORM, OPT_EMULATOR, OPT_EMULATOR_DIR, OPT_FORCE, OPT_DRY_RUN, OPT_JSON,
};

static const struct option_spec inject_specs[] = {
	{ OPT_AT, "at", "PATH", "where in the root, instead of where it is needed" },
	{ OPT_PLATFORM, "platform", "PLATFORM", "instead of what its files say" },
	{ OPT_EMULATOR, "emulator", "FILE", "use this emulator" },
	{ OPT_EMULATOR_DIR, "emulator-dir", "DIR", "look for emulators there (repeatable)" },
	{ OPT_FORCE, "force", NULL, "also the root of this machine" },
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would be done and change nothing" },
	{ OPT_JSON, "json", NULL, "print the result as JSON" },
	{ 'q', "quiet", NULL, "print errors only" },
	{ 0 },
};

static const struct option_spec eject_specs[] = {
	{ OPT_AT, "at", "PATH", "only what was put there" },
	{ OPT_FORCE, "force", NULL, "also the root of this machine" },
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would be done and change nothing" },
	{ OPT_JSON, "json", NULL, "print the result as JSON" },
	{ 'q', "quiet", NULL, "print errors only" },
	{ 0 },
};

struct context {
	const struct command *command;
	struct search search;
	struct platform platform;
	bool has_platform, force, dry_run, json, quiet;
	const char *at, *emulator;
	bool has_epoch;
	int64_t epoch;
	struct json *list;
	/* the root that is worked on */
	const char *target;
	int root;
	struct err *e;
	size_t found;
};

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct context *c = context;

	switch (id) {
	case OPT_AT:
		c->at = argument;
		return 0;
	case OPT_PLATFORM:
		c->has_platform = true;
		return name_parse(argument, strlen(argument), &c->platform, e);
	case OPT_EMULATOR:
		c->emulator = argument;
		return 0;
	case OPT_EMULATOR_DIR:
		if (c->search.n_dirs == SEARCH_DIRS_MAX)
			return err_set(e, -EINVAL, "more than %d directories", SEARCH_DIRS_MAX);
		c->search.dirs[c->search.n_dirs++] = argument;
		return 0;
	default:
		*(id == OPT_FORCE ? &c->force : id == OPT_DRY_RUN ? &c->dry_run : id == OPT_JSON ? &c->json :
									      &c->quiet) = true;
		return 0;
	}
}

static void tell(struct context *c, enum inject_result result, const char *at, const struct arch *arch)
{
	auto_buf safe = { 0 };

	if (c->json) {
		struct json *o = jv_object();

		jv_set(o, "target", jv_text(c->target));
		jv_set(o, "result", jv_text(at ? inject_words[result] : "native"));
		jv_set(o, "path", jv_text(at));
		jv_set(o, "arch", jv_text(arch ? arch->qemu : NULL));
		jv_push(c->list, o);
		return;
	}
	if (c->quiet)
		return;
	str_escape(&safe, c->target, strlen(c->target));
	if (at)
		printf("%s: %s %s\n", buf_text(&safe), inject_words[result], at);
	else
		printf("%s: native (%s): nothing to inject\n", buf_text(&safe), arch->qemu);
}

/* What the root is made for, unless that was said. */
static int find_arch(struct context *c, const struct arch **ret, struct err *e)
{
	struct content content;
	unsigned long skipped;
	int r = 0;

	if (c->has_platform) {
		*ret = c->platform.arch;
		return 0;
	}
	r = survey_root(c->root, false, &content, &skipped, e);
	if (!r && !content.has_platform) {
		r = err_set(e, -EBADMSG, "%s: no program in it tells its platform", c->target);
		err_hint(e, "say it: --platform PLATFORM");
	} else if (!r) {
		*ret = content.platform.arch;
	}
	content_done(&content);
	return r;
}

static int find_emulator(const struct context *c, const struct arch *arch, struct emulator *ret,
	struct err *e)
{
	if (!c->emulator)
		return search_emulator(&c->search, arch, ret, NULL, e);
	return emulator_open("", c->emulator, arch, ret, e) ? err_prefix(e, "%s", c->emulator) : 0;
}

/* Where the kernel will look for it: the handler's own path when that is not fixed. */
static char *find_place(const struct context *c, const struct arch *arch)
{
	char *path = c->at ? strdup(c->at) : handler_unfixed_interpreter(arch);

	if (!path && asprintf(&path, "/usr/bin/qemu-%s-static", arch->qemu) < 0)
		path = NULL;
	return path;
}

static int inject_root(struct context *c, struct err *e)
{
	auto_emulator emulator = EMULATOR_INIT;
	struct inject_request request = { .emulator = &emulator, .dry_run = c->dry_run,
		.has_epoch = c->has_epoch, .epoch = c->epoch };
	auto_free char *place = NULL;
	const struct arch *arch;
	enum inject_result result;
	int r = find_arch(c, &arch, e);

	if (r)
		return r;
	if (arch == arch_host()) {
		tell(c, INJECT_UNCHANGED, NULL, arch);
		return 0;
	}
	r = find_emulator(c, arch, &emulator, e);
	if (r)
		return r;
	request.at = place = find_place(c, arch);
	if (!place)
		return err_sys(e, -ENOMEM, "%s", c->target);
	r = inject_file(c->root, &request, &result, e);
	if (r)
		return err_prefix(e, "%s", c->target);
	tell(c, result, place, arch);
	return 0;
}

static int eject_one(const char *at, void *context)
{
	struct context *c = context;
	enum inject_result result;
	int r = eject_file(c->root, at, c->dry_run, &result, c->e);

	if (r)
		return err_prefix(c->e, "%s", c->target);
	if (result == INJECT_REMOVED) {
		c->found++;
		tell(c, result, at, NULL);
	}
	return 0;
}

static int eject_root(struct context *c, struct err *e)
{
	int r;

	c->e = e;
	c->found = 0;
	r = c->at ? eject_one(c->at, c) : inject_each(c->root, eject_one, c);
	if (r && !e->code)
		err_sys(e, r == -EACCES ? r : -EIO, "%s: not all of it could be looked at", c->target);
	if (!r && !c->found && !c->json && !c->quiet)
		say_note("%s: nothing was injected", c->target);
	return r;
}

static int open_root(struct context *c, struct err *e)
{
	struct stat own, there;

	if (!strcmp(c->target, "-"))
		return err_set(e, -EINVAL, "'-' is no root file system");
	c->root = open(c->target, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (c->root < 0 && errno == ENOTDIR)
		return err_set(e, -EBADMSG, "%s: not a directory; images are not edited yet", c->target);
	if (c->root < 0)
		return err_sys(e, -errno, "%s", c->target);
	if (!c->force && !stat("/", &own) && !fstat(c->root, &there) && own.st_dev == there.st_dev &&
		own.st_ino == there.st_ino) {
		err_set(e, -EINVAL, "%s: this is the root of this machine", c->target);
		return err_hint(e, "--force does it all the same");
	}
	return 0;
}

static int each_target(struct context *c, int n, char **targets,
	int (*work)(struct context *c, struct err *e))
{
	int status = EXIT_DONE;

	for (int i = 0; i < n; i++) {
		auto_err e = { 0 };
		int r;

		c->target = targets[i];
		r = stop_check(&e);
		if (!r)
			r = open_root(c, &e);
		if (!r)
			r = work(c, &e);
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

static int read_epoch(struct context *c, struct err *e)
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

static int run_command(const struct option_set *options, int argc, char **argv,
	int (*work)(struct context *c, struct err *e))
{
	struct context c = { .command = options->command, .root = -1 };
	auto_err e = { 0 };
	int status, first = options_parse(options, argc, argv, &c, &status);

	if (first < 0)
		return status;
	if (first == argc)
		err_set(&e, -EINVAL, "%s: which root file system?", options->command->name);
	if (first == argc || read_epoch(&c, &e))
		return exit_with(&e);
	stop_catch();
	if (c.json)
		c.list = jv_array();
	status = each_target(&c, argc - first, argv + first, work);
	if (c.json && jv_write(c.list, stdout))
		status = EXIT_TROUBLE;
	if (c.json)
		jv_free(c.list);
	return status;
}

static int run_inject(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_inject, inject_specs, set };

	return run_command(&set_of, argc, argv, inject_root);
}

static int run_eject(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_eject, eject_specs, set };

	return run_command(&set_of, argc, argv, eject_root);
}

const struct command cmd_inject = {
	"inject", "[OPTION...] ROOTFS...", "put the right emulator into root file systems", run_inject,
};

const struct command cmd_eject = {
	"eject", "[OPTION...] ROOTFS...", "take injected emulators out of root file systems", run_eject,
};
