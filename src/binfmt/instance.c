// SPDX-License-Identifier: MIT
/* Finds, mounts, opens and locks the binfmt_misc instance of this user namespace. */
#include "binfmt/instance.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fdio.h"
#include "base/kernel.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "binfmt/mounts.h"

enum {
	BINFMTFS_MAGIC = 0x42494e4d,
	AUTOFS_MAGIC = 0x0187,
	CREATE_EXCL = 8, /* FSCONFIG_CMD_CREATE_EXCL, Linux 6.6 */
	LOCK_WAIT_MS = 20000,
	LOCK_POLL_US = 500,
	LOCK_POLL_MAX_US = 50000,
	MOUNT_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC,
};

/* Plain O_PATH does not trigger an automount; with O_DIRECTORY it would (fs/namei.c, follow_automount()). */
static long fs_magic(const char *path)
{
	auto_fd fd = open(path, O_PATH | O_CLOEXEC);
	struct statfs fs;

	return fd >= 0 && !fstatfs(fd, &fs) ? (long)fs.f_type : 0;
}

enum instance_state instance_find(const char *at, char **ret_path)
{
	const char *usual = at ? at : INSTANCE_USUAL;
	long magic = fs_magic(usual);

	*ret_path = NULL;
	if (magic == BINFMTFS_MAGIC)
		*ret_path = mem_text(usual);
	else if (!at)
		*ret_path = mounts_find_binfmt();
	if (*ret_path && fs_magic(*ret_path) == BINFMTFS_MAGIC)
		return INSTANCE_VISIBLE;
	free(*ret_path);
	*ret_path = NULL;
	return magic == AUTOFS_MAGIC ? INSTANCE_AUTOMOUNT : INSTANCE_ABSENT;
}

static int open_dir(const char *path, struct instance *ret, struct err *e)
{
	auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (dir < 0)
		return err_sys(e, -errno, "%s", path);
	if (fstatfs(dir, &fs) < 0)
		return err_sys(e, -errno, "%s", path);
	if (fs.f_type != BINFMTFS_MAGIC)
		return err_set(e, -ENOTTY, "%s: binfmt_misc is not mounted there", path);
	ret->dir = take_fd(&dir);
	return 0;
}

static int open_register(struct instance *instance, const char *path, struct err *e)
{
	instance->reg = openat(instance->dir, "register", O_WRONLY | O_CLOEXEC);
	if (instance->reg >= 0)
		return 0;
	if (errno == EROFS) {
		err_set(e, -EOPNOTSUPP, "%s is mounted read-only", path);
		return err_hint(e, "in a container: docker run --privileged, or --cap-add SYS_ADMIN");
	}
	if (errno == EACCES || errno == EPERM) {
		err_set(e, -EPERM, "%s: only root of the machine may change the handlers", path);
		return err_hint(e, "run it with sudo, or in a container with --privileged");
	}
	return err_sys(e, -errno, "%s/register", path);
}

int instance_open_read(const char *path, struct instance *ret, struct err *e)
{
	struct instance instance = INSTANCE_INIT;
	int r = open_dir(path, &instance, e);

	if (!r)
		*ret = instance;
	return r;
}

bool instance_is_own(const struct instance *instance)
{
	auto_fd fs = fspick(instance->dir, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC | FSPICK_NO_AUTOMOUNT);

	return fs < 0 || !fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) || errno != EPERM;
}

int instance_open_write(const char *path, struct instance *ret, struct err *e)
{
	auto_instance instance = INSTANCE_INIT;
	int r = open_dir(path, &instance, e);

	r = r ? r : open_register(&instance, path, e);
	if (r)
		return r;
	*ret = instance;
	instance = (struct instance)INSTANCE_INIT;
	return 0;
}

void instance_close(struct instance *instance)
{
	cleanup_fd(&instance->dir);
	cleanup_fd(&instance->reg);
	cleanup_fd(&instance->writer);
	if (instance->writer_pid > 0)
		while (waitpid(instance->writer_pid, NULL, 0) < 0 && errno == EINTR)
			;
	*instance = (struct instance)INSTANCE_INIT;
}

bool instance_lacks_place(void)
{
	return !access("/proc/self", F_OK) && access("/proc/sys/fs", F_OK) < 0;
}

/* Explains why the mount failed, and suggests a fix. */
static int mount_refused(int code, const char *where, struct err *e)
{
	switch (code) {
	case -ENODEV:
		err_set(e, -EOPNOTSUPP, "this kernel has no binfmt_misc, or its module cannot be loaded");
		return err_hint(e, "on the machine itself: modprobe binfmt_misc");
	case -EPERM:
	case -EACCES:
		err_set(e, -EPERM, "mounting binfmt_misc is not permitted");
		return err_hint(e, "needs root; in a container: docker run --privileged, or --cap-add "
				   "SYS_ADMIN (with AppArmor also --security-opt apparmor=unconfined)");
	case -ENOENT:
		err_set(e, -EOPNOTSUPP, "there is no %s to mount on", where);
		if (!str_starts(where, "/proc/"))
			return err_hint(e, "mkdir -p %s", where);
		if (access("/proc/self", F_OK) < 0)
			return err_hint(e, "mount -t proc proc /proc");
		if (instance_lacks_place())
			return err_hint(e,
				"this /proc shows processes only (subset=pid): sudo mkdir -p /run/binfmt_misc && "
				"sudo anyarch register --mount /run/binfmt_misc");
		return err_hint(e, "on the machine itself: sudo modprobe binfmt_misc");
	default:
		return err_sys(e, code, "cannot mount binfmt_misc");
	}
}

int instance_mount(const char *path, struct err *e)
{
	if (!mount("binfmt_misc", path, "binfmt_misc", MOUNT_FLAGS, NULL) || errno == EBUSY)
		return 0;
	return mount_refused(-errno, path, e);
}

int instance_open_in_place(const char *at, struct instance *ret, struct err *e)
{
	auto_free char *path = NULL;
	enum instance_state state = instance_find(at, &path);
	int r;

	if (state == INSTANCE_VISIBLE)
		return instance_open_write(path, ret, e);
	if (state == INSTANCE_AUTOMOUNT && !instance_open_write(at ? at : INSTANCE_USUAL, ret, NULL))
		return 0;
	r = instance_mount(at ? at : INSTANCE_USUAL, e);
	return r ? r : instance_open_write(at ? at : INSTANCE_USUAL, ret, e);
}

int instance_open_detached(struct instance *ret, struct err *e)
{
	auto_instance instance = INSTANCE_INIT;
	auto_fd fs = fsopen("binfmt_misc", FSOPEN_CLOEXEC);
	int r;

	if (fs < 0 && errno == ENOSYS) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			return mount_refused(-errno, INSTANCE_USUAL, e);
		r = instance_mount(INSTANCE_USUAL, e);
		return r ? r : instance_open_write(INSTANCE_USUAL, ret, e);
	}
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return mount_refused(-errno, INSTANCE_USUAL, e);
	instance.dir = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (instance.dir < 0)
		return mount_refused(-errno, INSTANCE_USUAL, e);
	r = open_register(&instance, "binfmt_misc", e);
	if (r)
		return r;
	*ret = instance;
	instance = (struct instance)INSTANCE_INIT;
	return 0;
}

int instance_is_alive(void)
{
	auto_fd fs = fsopen("binfmt_misc", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -errno;
	if (!fsconfig(fs, CREATE_EXCL, NULL, NULL, 0))
		return 0;
	return errno == EBUSY ? 1 : -errno;
}

int instance_lock(const struct instance *instance, struct err *e)
{
	unsigned long waited = 0, pause = LOCK_POLL_US;

	while (flock(instance->reg, LOCK_EX | LOCK_NB) < 0) {
		struct timespec nap = { .tv_nsec = (long)pause * 1000 };
		int r = stop_check(e);

		if (r)
			return r;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, -errno, "cannot lock the handler table");
		if (waited / 1000 >= LOCK_WAIT_MS) {
			err_set(e, -EBUSY, "another run has kept the handler table locked for %d s",
				LOCK_WAIT_MS / 1000);
			return err_hint(e, "try again when it has ended");
		}
		nanosleep(&nap, NULL);
		waited += pause;
		pause = MIN_OF(pause * 2, (unsigned long)LOCK_POLL_MAX_US);
	}
	return 0;
}

int instance_is_enabled(const struct instance *instance)
{
	auto_fd fd = openat(instance->dir, "status", O_RDONLY | O_CLOEXEC);
	auto_buf text = { 0 };
	int r;

	if (fd < 0)
		return -errno;
	r = fd_read_all(fd, 64, &text);
	return r ? r : str_starts(buf_text(&text), "enabled");
}
