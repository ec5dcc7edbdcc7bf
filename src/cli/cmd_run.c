// SPDX-License-Identifier: MIT
/* anyarch run: run a command with private handlers; the machine's table does not change. */
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "cli/options.h"
#include "report/file.h"
#include "run/prepare.h"

enum { EXIT_OWN = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, ENV_MAX = 64 };

struct context {
	struct run_request request;

	const char *env[ENV_MAX];
	size_t n_env;
};

static int set_user(void *context, const char *text, struct err *e)
{
	struct context *c = context;
	const char *colon = strchr(text, ':');
	auto_free char *uid = mem_part(text, colon ? (size_t)(colon - text) : strlen(text));

	c->request.has_user = true;
	if (!uid || str_to_uint(uid, 0xfffffffe, &c->request.uid) ||
		str_to_uint(colon ? colon + 1 : uid, 0xfffffffe, &c->request.gid))
		return err_set(e, -EINVAL, "invalid --user '%s': expected UID[:GID] in numbers", text);
	return 0;
}

static const struct option_spec specs[] = {
	{ 0, "root", "DIR", "run inside the root file system DIR; without COMMAND, its shell",
		TEXT(struct context, request.root) },
	{ 0, "platform", "PLATFORM", "register handlers for PLATFORM only (repeatable)",
		NAMES(struct context, request.registering.names) },
	{ OPTION_SEARCH(struct context, request.registering.search) },
	{ 0, "accelerate", NULL, "run native compilers instead of identical ones of the root",
		SWITCH(struct context, request.registering.accelerate) },
	{ 0, "toolchain", "ROOT|IMAGE", "use the tools of a root file system or image for this machine",
		TEXT(struct context, request.toolchains.set) },
	{ 0, "bind", "SRC:DST", "make a directory or file visible inside the root (repeatable)",
		LIST(struct context, request.entering.binds, request.entering.n_binds) },
	{ 0, "workdir", "DIR", "start the command in DIR", TEXT(struct context, request.entering.workdir) },
	{ 0, "env", "NAME=VALUE", "set an environment variable (repeatable)", LIST(struct context, env, n_env),
		.is_valid = option_is_assignment },
	{ 0, "user", "UID[:GID]", "run as this user of the namespace instead of root", OTHER(set_user) },
	{ 0, "keep-tmp", NULL, "use the root's own /tmp instead of an empty one",
		SWITCH(struct context, request.entering.keep_tmp) },
	{ 0 },
};

static int run(void *context, int n, char **words, struct err *e)
{
	struct context *c = context;
	auto_free char *uid = mem_print("%u", (unsigned)geteuid()), *gid = mem_print("%u", (unsigned)getegid());
	char *shell[2] = { NULL }, **command = n ? words : shell;
	const struct arch *arch;
	auto_free char *path = NULL;
	auto_err why = { 0 };
	int code;

	if (!c->request.root && (!n || c->request.entering.n_binds)) {
		err_set(e, -EINVAL, n ? "run: --bind needs --root" : "run: missing COMMAND");
		return err_hint(e, n ? "anyarch run --root DIR --bind FROM:TO -- COMMAND" : "anyarch run -- COMMAND");
	}
	if (run_prepare(&c->request, e))
		return e->code == -EOPNOTSUPP ? exit_with(e) : e->code;
	if (c->request.root) {
		setenv("PATH", FILE_PATH_USUAL, 1);
	} else if (strcmp(uid, "0") != 0) {
		/*
		 * podman and buildah, when run by uid 0, use the system's storage directories, unless these variables
		 * tell them, as "podman unshare" does, that an ordinary user created the user namespace
		 * (containers/storage, pkg/unshare).
		 */
		setenv("_CONTAINERS_USERNS_CONFIGURED", "done", 0);
		setenv("_CONTAINERS_ROOTLESS_UID", uid, 0);
		setenv("_CONTAINERS_ROOTLESS_GID", gid, 0);
	}
	for (size_t i = 0; i < c->n_env; i++)
		putenv((char *)(uintptr_t)c->env[i]);
	if (!n)
		shell[0] = run_shell();
	fflush(stdout);
	signal(SIGXFSZ, SIG_DFL);
	path = file_command(command[0], &arch);
	if (run_explain(&c->request, arch, &why, e))
		return e->code;
	if (arch)
		execv(path, command);
	else /* on ENOEXEC, execvp(3) passes the file to /bin/sh, even an ELF file */
		execvp(command[0], command);
	code = -errno;
	if (code != -ENOEXEC || !err_move(e, &why))
		err_sys(e, code, "%s", command[0]);
	else
		err_prefix(e, "%s", command[0]);
	say_error(e);
	free(shell[0]);
	return code == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

const struct command cmd_run = {
	"run",
	"[OPTION...] [--] [COMMAND [ARGUMENT...]]",
	"run a command with private handlers, without root",
	run,
	specs,
	sizeof(struct context),
	.stops_at_words = true,
	.failure = EXIT_OWN,
	.examples = "  anyarch run -- ./hello-arm\n"
		    "  anyarch run --root rootfs -- uname -m\n"
		    "  anyarch run --root rootfs --bind \"$PWD\":/mnt -- ls /mnt\n",
};
