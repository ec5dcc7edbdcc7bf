// SPDX-License-Identifier: MIT
/* Everything before the command: namespaces, handlers, the root that is entered, the user. */
#include "run/prepare.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "rootfs/survey.h"
#include "run/sandbox.h"
#include "run/sweeper.h"

/* name:password:uid:gid:comment:home:shell */
enum { PASSWD_FIELDS = 7, PASSWD_MAX = 1024 * 1024 };

/* What the root is made for, and which of its tools have an equal here. A native root needs none. */
static int find_tools(struct run_request *request, int root, struct err *e)
{
	struct platform platform = { 0 };
	struct content content;
	unsigned long skipped;
	int r = survey_root(root, false, &content, &skipped, e);

	if (!r && content.has_platform)
		platform = content.platform;
	content_done(&content);
	if (!r && !platform.arch)
		return err_set(e, -EBADMSG, "%s: no program in it tells its platform", request->root);
	if (r || platform.arch == arch_host())
		return r;
	r = toolchains_find(&request->toolchains, &platform, &request->entering.toolchain, e);
	request->twins = mem_new(1, sizeof(*request->twins));
	r = r ? r : accelerate_find(root, request->entering.toolchain, request->twins, e);
	r = r ? r : twins_check(request->twins, e);
	name_set_add_arch(&request->registering.accelerated, platform.arch);
	request->entering.twins = r ? NULL : request->twins;
	return r ? err_prefix(e, "%s", request->root) : 0;
}

char *run_shell(void)
{
	auto_fd fd = fd_open_regular(AT_FDCWD, "/etc/passwd", 0);
	auto_buf text = { 0 };
	char id[16], *rest, *line;

	snprintf(id, sizeof(id), "%u", (unsigned)geteuid());
	if (fd >= 0 && !fd_read_all(fd, PASSWD_MAX, &text))
		for (rest = text.data; (line = strsep(&rest, "\n"));) {
			char *field[PASSWD_FIELDS] = { NULL };

			for (size_t i = 0; i < PASSWD_FIELDS; i++)
				field[i] = strsep(&line, ":");
			if (field[2] && !strcmp(field[2], id) && field[6] && !access(field[6], X_OK))
				return mem_text(field[6]);
		}
	return mem_text("/bin/sh");
}

static int become_user(const struct run_request *request, struct err *e)
{
	if ((setgroups(0, NULL) < 0 && errno != EPERM) || setgid((gid_t)request->gid) < 0 ||
		setuid((uid_t)request->uid) < 0)
		return err_sys(e, -errno, "cannot become user %lu", request->uid);
	return 0;
}

int run_prepare(struct run_request *request, struct err *e)
{
	struct register_options *registering = &request->registering;
	auto_fd root = -1;
	int r = sandbox_enter(e);

	if (r)
		return r;
	if (request->root) {
		/* Opened only now: a mount of the old namespace could not be bound. */
		root = open(request->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return err_sys(e, -errno, "%s", request->root);
		r = registering->accelerate ? find_tools(request, root, e) : 0;
	} else if (registering->accelerate && !registering->names.n) {
		/* A copy of each emulator that exists would be a lot. */
		name_set_add_usual(&registering->accelerated);
	}
	r = r ? r : sandbox_register(registering, e);
	r = r ? r : sweeper_start(e);
	if (!r && request->root)
		r = enter_root(root, &request->entering, e);
	else if (!r && request->entering.workdir && chdir(request->entering.workdir) < 0)
		r = err_sys(e, -errno, "%s", request->entering.workdir);
	return r || !request->has_user ? r : become_user(request, e);
}
