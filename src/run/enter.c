// SPDX-License-Identifier: MIT
/* Makes a root file system the root of this process and mounts /proc, /sys and /dev in it. */
#include "run/enter.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/kernel.h"
#include "base/memory.h"
#include "rootfs/beneath.h"

/* what is a file system type, or with MS_BIND the source path. */
static int mount_at(int root, const char *at, const char *what, unsigned long flags, const char *data)
{
	auto_fd place = beneath_open(root, at, O_PATH);
	char path[32];

	if (place < 0)
		return place;
	/* mount(2) takes paths: this one leads to the open mount point, even if its name has been replaced meanwhile.
	 */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	return mount(what, path, flags & MS_BIND ? NULL : what, flags, data) < 0 ? -errno : 0;
}

/* Opening the mount point again after the mount yields the mount's root, which mount_setattr(2) takes. */
static void make_read_only(int root, const char *at)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd place = beneath_open(root, at, O_PATH);

	if (place >= 0 && !syscall(SYS_mount_setattr, place, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)))
		return;
	mount_at(root, at, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		NULL); /* before Linux 5.12: the topmost mount alone */
}

static void make_dev(int root)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
		"/dev/tty" };
	static const struct {
		const char *name, *target;
	} links[] = { { "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" } };
	auto_fd dev = -1;

	if (mount_at(root, "/dev", "tmpfs", MS_NOSUID, "mode=0755,size=64k"))
		return;
	dev = beneath_open(root, "/dev", O_RDONLY | O_DIRECTORY);
	if (dev < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		auto_fd file = -1;

		if (access(devices[i], F_OK) < 0)
			continue;
		file = openat(
			dev, devices[i] + strlen("/dev/"), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		mount_at(root, devices[i], devices[i], MS_BIND, NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			continue;
	if (!mkdirat(dev, "pts", 0755))
		mount_at(root, "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
	if (!mkdirat(dev, "shm", 01777))
		mount_at(root, "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

/* Native tools are shown in their own tmpfs below the new /dev: nothing is written to the root. */
static int add_tools(int root, const struct enter_request *request, struct err *e)
{
	auto_fd place = -1;
	auto_fd dev = beneath_open(root, "/dev", O_RDONLY | O_DIRECTORY);
	int r;

	if (dev < 0 || mkdirat(dev, strrchr(ENTRY_PLACE_RUN, '/') + 1, 0755) < 0)
		return err_sys(e, dev < 0 ? dev : -errno, "the root has no /dev for native tools");
	r = mount_at(root, ENTRY_PLACE_RUN, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
	if (r)
		return err_sys(e, r, "cannot mount a place for native tools");
	place = beneath_open(root, ENTRY_PLACE_RUN, O_RDONLY | O_DIRECTORY);
	r = place < 0 ? err_sys(e, place, ENTRY_PLACE_RUN)
		      : accelerate_show(place, request->toolchain, request->twins, ENTRY_PLACE_RUN, e);
	make_read_only(root, ENTRY_PLACE_RUN);
	return r;
}

int enter_root(int root, const struct enter_request *request, struct err *e)
{
	auto_fd top = open_tree(root, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
		work = -1;
	int r = 0;

	if (top < 0)
		return err_sys(e, -errno, "cannot copy the mount of the root file system");
	if (move_mount(top, "", root, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, -errno, "cannot bind the root file system");
	mount_at(top, "/proc", "/proc", MS_BIND | MS_REC, NULL);
	if (!mount_at(top, "/sys", "/sys", MS_BIND | MS_REC, NULL))
		make_read_only(top, "/sys");
	make_dev(top);
	if (request->twins)
		r = add_tools(top, request, e);
	/* This is the machine's own file: processes inside must not write to it. */
	if (!mount_at(top, "/etc/resolv.conf", "/etc/resolv.conf", MS_BIND, NULL))
		make_read_only(top, "/etc/resolv.conf");
	if (!request->keep_tmp)
		mount_at(top, "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	for (size_t i = 0; !r && i < request->n_binds; i++) {
		const char *spec = request->binds[i], *colon = strchr(spec, ':');
		auto_free char *from = NULL;

		if (!colon || colon == spec || !colon[1] || colon - spec >= PATH_MAX)
			return err_set(e, -EINVAL, "--bind: expected SRC:DST, found '%s'", spec);
		from = mem_part(spec, (size_t)(colon - spec));
		r = mount_at(top, colon + 1, from, MS_BIND | MS_REC, NULL);
		r = r ? err_sys(e, r, "cannot bind %s", spec) : 0;
	}
	if (r)
		return r;
	/* pivot_root(".", ".") stacks the old root on the new one; umount2() detaches it (pivot_root(2), NOTES). */
	if (fchdir(top) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, -errno, "cannot change the root");
	if (!request->workdir)
		return 0;
	/* Not by chdir(2): a link through /proc/self/fd leads to directories that this process has open. */
	work = beneath_open(top, request->workdir, O_PATH | O_DIRECTORY);
	r = work < 0 ? work : fchdir(work) < 0 ? -errno : 0;
	return r ? err_sys(e, r, "%s", request->workdir) : 0;
}
