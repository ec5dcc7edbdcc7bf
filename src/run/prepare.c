// SPDX-License-Identifier: MIT
/* Prepares this process for the command: namespaces, handlers, root file system, user. */
#include "run/prepare.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>

#include <string.h>
#include <sys/mount.h>

#include "base/kernel.h"
#include "base/memory.h"
#include "binfmt/instance.h"
#include "emulator/package.h"
#include "emulator/search.h"
#include "rootfs/disk.h"
#include "rootfs/survey.h"
#include "run/sandbox.h"
#include "run/sweeper.h"

/* Determines the root's platform and which of its tools have an identical native one. A native root needs none. */
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
		return err_set(e, -EBADMSG, "%s: cannot determine its platform: no program found", request->root);
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
	char *shell = sandbox_user(geteuid(), SANDBOX_USER_SHELL);

	if (shell && !access(shell, X_OK))
		return shell;
	free(shell);
	return mem_text("/bin/sh");
}

/*
 * Mounts the root file system of a disk image in a new mount namespace, before the user namespace is created: mount
 * flags are then locked in the latter. The mount point is an empty directory that the handler table will cover.
 */
static int mount_disk(const char **path, struct err *e)
{
	struct disk_root disk = { .mount = -1 };
	int r = disk_open(*path, DISK_WRITE, &disk, e);
	auto_fd table = -1;

	if (r)
		return r < 0 ? r : 0;
	table = fsopen("binfmt_misc", FSOPEN_CLOEXEC); /* loads the module, which creates the directory */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		move_mount(disk.mount, "", AT_FDCWD, INSTANCE_USUAL, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = err_sys(e, -errno, "%s: cannot mount it", *path);
	else
		*path = INSTANCE_USUAL;
	close(disk.mount);
	return r;
}

static int change_root(int dir)
{
	return fchdir(dir) < 0 || chroot(".") < 0 ? -errno : 0;
}

int run_explain(struct run_request *request, const struct arch *arch, struct err *ret_why, struct err *e)
{
	auto_fd outside = request->root ? take_fd(&request->outside) : -1, inside = -1, work = -1;
	const struct name_set *asked = &request->registering.names;
	auto_emulator emulator = EMULATOR_INIT;
	auto_buf install = { 0 };
	bool can_search;

	if (!arch || arch == arch_host() || name_set_has(&request->served, arch))
		return 0;
	if (asked->n && !name_set_has(asked, arch)) {
		err_set(ret_why, -ENOEXEC, "%s programs have no handler: --platform does not name them",
			arch_word(arch));
		err_hint(ret_why, "--platform %s", arch_word(arch));
		return 0;
	}
	/* Emulators are searched outside the root; the error says which of them cannot be used. */
	inside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	work = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	can_search = outside < 0 || (inside >= 0 && work >= 0 && !change_root(outside));
	if (can_search) {
		search_emulator(&request->registering.search, arch, &emulator, NULL, ret_why);
	} else {
		err_set(ret_why, -ENOEXEC, "no usable static emulator found for %s", arch_word(arch));
		package_emulators(&install, arch);
		err_hint(ret_why, "%s", buf_text(&install));
	}
	if (outside >= 0 && ((can_search && change_root(inside)) || fchdir(work) < 0))
		return err_sys(e, -errno, "cannot enter the root again");
	return 0;
}

int run_prepare(struct run_request *request, struct err *e)
{
	struct register_options *registering = &request->registering;
	const char *path = request->root;
	auto_buf install = { 0 };
	auto_fd root = -1;
	int r = path ? mount_disk(&path, e) : 0;

	package_emulators(&install, NULL); /* reads this machine's os-release, so before its root is left */
	r = r ? r : sandbox_enter(e);
	if (r)
		return r;
	if (request->root) {
		/* Opened only now: a mount of the previous namespace cannot be bound. */
		root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		request->outside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return errno == ENOTDIR ? disk_refuse_other(request->root, e)
						: err_sys(e, -errno, "%s", request->root);
		r = registering->accelerate ? find_tools(request, root, e) : 0;
	} else if (registering->accelerate && !registering->names.n) {
		/* A copy of every emulator would take too much memory. */
		name_set_add_usual(&registering->accelerated);
	}
	r = r ? r : sandbox_register(registering, &request->served, e);
	r = r ? r : sweeper_start(e);
	if (!r && request->root)
		r = enter_root(root, &request->entering, e);
	else if (!r && request->entering.workdir && chdir(request->entering.workdir) < 0)
		r = err_sys(e, -errno, "%s", request->entering.workdir);
	if (!r && request->has_user &&
		((setgroups(0, NULL) < 0 && errno != EPERM) || setgid((gid_t)request->gid) < 0 ||
			setuid((uid_t)request->uid) < 0))
		r = err_sys(e, -errno, "cannot become user %lu", request->uid);
	return r;
}
