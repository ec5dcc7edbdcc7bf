// SPDX-License-Identifier: MIT
/* anyarch run: a command with handlers of its own, and nothing on the machine changes. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>

#include "accel/toolchains.h"
#include "base/memory.h"
#include "base/str.h"
#include "cli/options.h"
#include "rootfs/survey.h"
#include "run/enter.h"
#include "run/sandbox.h"
#include "run/sweeper.h"

enum { EXIT_OWN = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, ENV_MAX = 64 };

struct context {
	struct register_options registering;
	struct enter_request entering;
	struct toolchains toolchains;
	struct twins *twins;
	const char *root;
	char **command;
	const char *env[ENV_MAX];
	size_t n_env;
	bool has_user;
	unsigned long uid, gid; /* of the namespace */
	uid_t outer_uid;
	gid_t outer_gid;
};

static int set_user(void *context, const char *text, struct err *e)
{
	struct context *c = context;
	const char *colon = strchr(text, ':');
	auto_free char *uid = mem_part(text, colon ? (size_t)(colon - text) : strlen(text));

	c->has_user = true;
	if (!uid || str_to_uint(uid, 0xfffffffe, &c->uid) || str_to_uint(colon ? colon + 1 : uid, 0xfffffffe, &c->gid))
		return err_set(e, -EINVAL, "invalid --user '%s': expected UID[:GID] in numbers", text);
	return 0;
}

static bool is_assignment(const char *text)
{
	return *text != '=' && strchr(text, '=');
}

static const struct option_spec specs[] = {
	{ 0, "root", "DIR", "inside this root file system", TEXT(struct context, root) },
	{ 0, "platform", "PLATFORM", "handlers for these only (repeatable)", NAMES(struct context, registering.names) },
	{ OPTION_SEARCH(struct context, registering.search) },
	{ 0, "accelerate", NULL, "native compilers run instead of equal ones of the root",
		SWITCH(struct context, registering.accelerate) },
	{ 0, "toolchain", "DIR", "take them from there, as anyarch toolchain has made it",
		TEXT(struct context, toolchains.dir) },
	{ 0, "bind", "SRC:DST", "show a directory or file inside the root (repeatable)",
		LIST(struct context, entering.binds, entering.n_binds) },
	{ 0, "workdir", "DIR", "start there", TEXT(struct context, entering.workdir) },
	{ 0, "env", "NAME=VALUE", "set a variable (repeatable)", LIST(struct context, env, n_env),
		.is_valid = is_assignment },
	{ 0, "user", "UID[:GID]", "run as this user of the namespace instead of root", OTHER(set_user) },
	{ 0, "keep-tmp", NULL, "the root's own /tmp instead of an empty one",
		SWITCH(struct context, entering.keep_tmp) },
	{ 0 },
};

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
		putenv((char *)(uintptr_t)c->env[i]);
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
	struct context c = { .outer_uid = geteuid(), .outer_gid = getegid() };
	auto_err e = { 0 };
	int status, first = options_parse(&cmd_run, argc, argv, &c, &status);

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
	.stops_at_words = true,
};
