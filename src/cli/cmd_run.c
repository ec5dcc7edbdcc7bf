// SPDX-License-Identifier: MIT
/* anyarch run: a command with handlers of its own, and nothing on the machine changes. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>

#include "accel/toolchains.h"
#include "base/memory.h"
#include "base/str.h"
#include "cli/cli.h"
#include "rootfs/survey.h"
#include "run/enter.h"
#include "run/sandbox.h"
#include "run/sweeper.h"

enum {
	OPT_ROOT = OPT_FIRST,
	OPT_PLATFORM,
	OPT_EMULATOR_DIR,
	OPT_BIND,
	OPT_WORKDIR,
	OPT_ENV,
	OPT_USER,
	OPT_KEEP_TMP,
	OPT_ACCELERATE,
	OPT_TOOLCHAIN,
};

enum { EXIT_OWN = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, ENV_MAX = 64 };

static const struct option_spec specs[] = {
	{ OPT_ROOT, "root", "DIR", "inside this root file system" },
	{ OPT_PLATFORM, "platform", "PLATFORM", "handlers for these only (repeatable)" },
	{ OPT_EMULATOR_DIR, "emulator-dir", "DIR", "look for emulators there (repeatable)" },
	{ OPT_ACCELERATE, "accelerate", NULL, "native compilers run instead of equal ones of the root" },
	{ OPT_TOOLCHAIN, "toolchain", "DIR", "take them from there, as anyarch toolchain has made it" },
	{ OPT_BIND, "bind", "SRC:DST", "show a directory or file inside the root (repeatable)" },
	{ OPT_WORKDIR, "workdir", "DIR", "start there" },
	{ OPT_ENV, "env", "NAME=VALUE", "set a variable (repeatable)" },
	{ OPT_USER, "user", "UID[:GID]", "run as this user of the namespace instead of root" },
	{ OPT_KEEP_TMP, "keep-tmp", NULL, "the root's own /tmp instead of an empty one" },
	{ 0 },
};

struct context {
	struct register_options registering;
	struct enter_request entering;
	struct toolchains toolchains;
	struct twins *twins;
	const char *root;
	char **command;
	char *env[ENV_MAX];
	size_t n_env;
	bool has_user;
	unsigned long uid, gid; /* of the namespace */
	uid_t outer_uid;
	gid_t outer_gid;
};

static int set_user(struct context *c, const char *text, struct err *e)
{
	const char *colon = strchr(text, ':');
	auto_free char *uid = mem_part(text, colon ? (size_t)(colon - text) : strlen(text));

	c->has_user = true;
	if (!uid || str_to_uint(uid, 0xfffffffe, &c->uid) || str_to_uint(colon ? colon + 1 : uid, 0xfffffffe, &c->gid))
		return err_set(e, -EINVAL, "--user wants UID[:GID] in numbers, not '%s'", text);
	return 0;
}

static int set_env(struct context *c, const char *text, struct err *e)
{
	if (!strchr(text, '=') || *text == '=' || c->n_env == ENV_MAX)
		return err_set(e, -EINVAL, "--env wants NAME=VALUE, not '%s'", text);
	c->env[c->n_env++] = (char *)(uintptr_t)text;
	return 0;
}

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct context *c = context;
	struct search *search = &c->registering.search;

	switch (id) {
	case OPT_ROOT:
		c->root = argument;
		return 0;
	case OPT_PLATFORM:
		return name_set_add(&c->registering.names, argument, e);
	case OPT_EMULATOR_DIR:
		if (search->n_dirs == SEARCH_DIRS_MAX)
			return err_set(e, -EINVAL, "more than %d directories", SEARCH_DIRS_MAX);
		search->dirs[search->n_dirs++] = argument;
		return 0;
	case OPT_BIND:
		if (c->entering.n_binds == ENTER_BINDS_MAX)
			return err_set(e, -EINVAL, "more than %d binds", ENTER_BINDS_MAX);
		c->entering.binds[c->entering.n_binds++] = argument;
		return 0;
	case OPT_WORKDIR:
		c->entering.workdir = argument;
		return 0;
	case OPT_ENV:
		return set_env(c, argument, e);
	case OPT_USER:
		return set_user(c, argument, e);
	case OPT_ACCELERATE:
		c->registering.accelerate = true;
		return 0;
	case OPT_TOOLCHAIN:
		c->toolchains.dir = argument;
		return 0;
	default:
		c->entering.keep_tmp = true;
		return 0;
	}
}

/* What the root is made for, and which of its tools have an equal here. A native root needs none. */
static int find_tools(struct context *c, int root, struct err *e)
{
	struct platform platform = { 0 };
	struct content content;
	unsigned long skipped;
	int r = survey_root(root, false, &content, &skipped, e);

	if (!r && content.has_platform)
		platform = content.platform;
	content_done(&content);
	if (!r && !platform.arch)
		return err_set(e, -EBADMSG, "%s: no program in it tells its platform", c->root);
	if (r || platform.arch == arch_host())
		return r;
	r = toolchains_find(&c->toolchains, &platform, &c->entering.toolchain, e);
	c->twins = r ? NULL : mem_new(1, sizeof(*c->twins));
	if (!r && !c->twins)
		return err_sys(e, -ENOMEM, "%s", c->root);
	r = r ? r : accelerate_find(root, c->entering.toolchain, c->twins, e);
	r = r ? r : twins_check(c->twins, e);
	name_set_add_arch(&c->registering.accelerated, platform.arch);
	c->entering.twins = r ? NULL : c->twins;
	return r ? err_prefix(e, "%s", c->root) : 0;
}

/* Everything before the command: namespaces, handlers, root, user. */
static int prepare(struct context *c, struct err *e)
{
	auto_fd root = -1;
	int r = sandbox_enter(e);

	if (!r && c->root) {
		/* Opened only now: a mount of the old namespace could not be bound. */
		root = open(c->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return err_sys(e, -errno, "%s", c->root);
	}
	if (!r && c->root && c->registering.accelerate)
		r = find_tools(c, root, e);
	/* A copy of each emulator that there is would be a lot. */
	if (!r && !c->root && c->registering.accelerate && !c->registering.names.n) {
		name_set_add_arch(&c->registering.accelerated, arch_by_qemu("arm"));
		name_set_add_arch(&c->registering.accelerated, arch_by_qemu("aarch64"));
	}
	if (!r)
		r = sandbox_register(&c->registering, e);
	if (!r)
		r = sweeper_start(e);
	if (!r && c->root)
		r = enter_root(root, &c->entering, e);
	else if (!r && c->entering.workdir && chdir(c->entering.workdir) < 0)
		r = err_sys(e, -errno, "%s", c->entering.workdir);
	if (!r && c->has_user &&
		((setgroups(0, NULL) < 0 && errno != EPERM) || setgid((gid_t)c->gid) < 0 || setuid((uid_t)c->uid) < 0))
		r = err_sys(e, -errno, "cannot become user %lu", c->uid);
	return r;
}

/*
 * podman and buildah take a root for the machine's, and want its directories, unless they are told as by "podman
 * unshare" that the namespace they are in was made for an ordinary user.
 */
static void tell_container_tools(const struct context *c)
{
	char uid[16], gid[16];

	if (!c->outer_uid || c->root)
		return;
	snprintf(uid, sizeof(uid), "%u", (unsigned)c->outer_uid);
	snprintf(gid, sizeof(gid), "%u", (unsigned)c->outer_gid);
	setenv("_CONTAINERS_USERNS_CONFIGURED", "done", 0);
	setenv("_CONTAINERS_ROOTLESS_UID", uid, 0);
	setenv("_CONTAINERS_ROOTLESS_GID", gid, 0);
}

static void set_environment(const struct context *c)
{
	if (c->root)
		setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	tell_container_tools(c);
	for (size_t i = 0; i < c->n_env; i++)
		putenv(c->env[i]);
}

static int exec_command(struct context *c)
{
	auto_err e = { 0 };

	if (prepare(c, &e)) {
		say_error(&e);
		return e.code == -EOPNOTSUPP ? EXIT_CANNOT : EXIT_OWN;
	}
	set_environment(c);
	fflush(stdout);
	signal(SIGXFSZ, SIG_DFL);
	execvp(c->command[0], c->command);
	err_sys(&e, -errno, "%s", c->command[0]);
	say_error(&e);
	return e.code == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

static int run(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_run, set, .stops_at_words = true };
	struct context c = { .outer_uid = geteuid(), .outer_gid = getegid() };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &c, &status);

	if (first < 0)
		return status == EXIT_DONE ? status : EXIT_OWN;
	if (first == argc || (c.entering.n_binds && !c.root)) {
		err_set(&e, -EINVAL, first == argc ? "run: which command?" : "run: --bind needs --root");
		say_error(&e);
		return EXIT_OWN;
	}
	c.command = argv + first;
	return exec_command(&c);
}

const struct command cmd_run = {
	"run",
	"[OPTION...] [--] COMMAND [ARGUMENT...]",
	"run a command with handlers of its own: no root, nothing on the machine changes",
	run,
	specs,
};
