// SPDX-License-Identifier: MIT
/*
 * Finds the root file system in a disk image and mounts it outside any mount namespace. The mount is detached and the
 * loop device has autoclear, so closing the last descriptor releases both.
 */
#include "rootfs/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "arch/kind.h"
#include "base/fdio.h"
#include "base/kernel.h"
#include "base/memory.h"
#include "base/str.h"
#include "rootfs/partitions.h"

enum { TRIES_MAX = 50, NAP_NS = 20000000, DEVICE_MAX = 32, NUMBER_MAX = 999 };
/* Space that a change may need below a sparse image: an emulator, native tools, metadata. */
enum { ROOM = 128 << 20 };

/* File systems that a Linux root can be on. Options in reading keep a read-only mount from replaying the journal. */
static const struct filesystem {
	const char *type, *name, *always, *reading;
} filesystems[] = {
	{ "ext2", "ext4", "errors=remount-ro", "noload" },
	{ "ext3", "ext4", "errors=remount-ro", "noload" },
	{ "ext4", "ext4", "errors=remount-ro", "noload" },
	{ "xfs", "xfs", "nouuid", "norecovery" },
	{ "btrfs", "btrfs", "", "rescue=nologreplay" },
	{ "f2fs", "f2fs", "", "norecovery" },
	{ "erofs", "erofs", "", "" },
	{ "squashfs", "squashfs", "", "" },
};

/* State of disk_open(). */
struct disk {
	const char *text; /* as specified by the user */
	char *path;
	unsigned number; /* requested partition; 0: none */
	enum disk_use use;
	int fd;
	struct partitions partitions;
	struct err *e;
};

static const struct filesystem *find_filesystem(const struct partition *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
		if (!strcmp(filesystems[i].type, p->type))
			return &filesystems[i];
	return NULL;
}

static int refuse_partition(const struct disk *d, const struct partition *p)
{
	struct err *e = d->e;

	if (!p->number)
		return err_set(e, -EBADMSG, "%s: not a Linux file system, but %s", d->text, p->type);
	if (p->is_beyond)
		return err_set(e, -EBADMSG, "%s: partition %u ends after the file: the image is truncated or damaged",
			d->text, p->number);
	if (p->overlaps)
		return err_set(e, -EBADMSG, "%s: partitions %u and %u overlap: the partition table is damaged", d->text,
			p->number, p->overlaps);
	if (!strcmp(p->type, "crypto_LUKS")) {
		err_set(e, -EBADMSG, "%s: partition %u is encrypted (LUKS)", d->text, p->number);
		return err_hint(e,
			"sudo losetup -Pf --show %s, then sudo cryptsetup open /dev/loopNp%u NAME, "
			"mount /dev/mapper/NAME at DIR and specify DIR",
			kind_name(d->path), p->number);
	}
	return err_set(e, -EBADMSG, "%s: partition %u contains no Linux file system, but %s", d->text, p->number,
		*p->type ? p->type : "unknown data");
}

static int refuse_without_root(const struct disk *d, const struct partition *p)
{
	auto_buf list = { 0 };

	partitions_say(&list, &d->partitions);
	err_set(d->e, -EPERM, "%s: a disk image (%s): mounting it needs root", d->text, buf_text(&list));
	return err_hint(d->e, "sudo mount -o %sloop,offset=%llu,sizelimit=%llu %s DIR, then specify DIR",
		d->use == DISK_READ ? "ro," : "", (unsigned long long)p->start, (unsigned long long)p->size,
		kind_name(d->path));
}

/* errno is that of a loop device. */
static int refuse_without_loop(const struct disk *d, const struct partition *p)
{
	if (errno == EACCES || errno == EPERM)
		return refuse_without_root(d, p);
	err_set(d->e, -EOPNOTSUPP, "%s: a disk image, and this system has no loop devices", d->text);
	if (str_starts(p->type, "ext"))
		return err_hint(d->e,
			"sudo modprobe loop; or debugfs -R 'rdump / DIR' '%s?offset=%llu', then specify DIR",
			kind_name(d->path), (unsigned long long)p->start);
	return err_hint(d->e, "sudo modprobe loop");
}

/* The loop device attached to the file, or "". Does not use glob(3), which would link user lookups into a static
 * program. */
static void find_device(const struct disk *d, char ret[DEVICE_MAX])
{
	auto_dir dir = fd_list_at(AT_FDCWD, "/sys/block");
	struct loop_info64 info;
	const struct dirent *entry;
	struct stat st;

	*ret = '\0';
	while (dir && !*ret && (entry = fd_next(dir)) && !fstat(d->fd, &st)) {
		char path[sizeof(entry->d_name) + 8];
		auto_fd device = -1;

		if (!str_starts(entry->d_name, "loop"))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		device = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		/* A reader can share the image with read-only devices. */
		if (device >= 0 && !ioctl(device, LOOP_GET_STATUS64, &info) && info.lo_inode == st.st_ino &&
			info.lo_device == st.st_dev && (d->use != DISK_READ || !(info.lo_flags & LO_FLAGS_READ_ONLY)))
			snprintf(ret, DEVICE_MAX, "%.*s", DEVICE_MAX - 1, path);
	}
}

/* The loop device shares our open file description and thus its lock. Retries, as the kernel releases both late. */
static int lock_image(const struct disk *d)
{
	int kind = (d->use == DISK_READ ? LOCK_SH : LOCK_EX) | LOCK_NB;
	char device[DEVICE_MAX];
	bool is_locked = false;

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		is_locked = is_locked || !flock(d->fd, kind) || errno != EWOULDBLOCK;
		find_device(d, device);
		if (is_locked && !*device)
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	}
	if (!*device)
		return err_set(d->e, -EBUSY, "%s: another program is using it", d->text);
	err_set(d->e, -EBUSY, "%s: it is attached to %s", d->text, device);
	return err_hint(d->e, "unmount it, then sudo losetup --detach %s", device);
}

/* Running out of space below a sparse image would damage the file system in it. */
static int check_room(const struct disk *d)
{
	struct statvfs fs;
	struct stat st;
	uint64_t holes, left;

	if (d->use == DISK_READ || fstat(d->fd, &st) < 0 || fstatvfs(d->fd, &fs) < 0)
		return 0;
	holes = st.st_size > st.st_blocks * 512 ? (uint64_t)(st.st_size - st.st_blocks * 512) : 0;
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (left >= MIN_OF(holes, (uint64_t)ROOM))
		return 0;
	err_set(d->e, -ENOSPC, "%s: the image is sparse, and the disk has only %.1f MiB left for it", d->text,
		(double)left / (1 << 20));
	return err_hint(d->e, "free %d MiB, or copy the image to another disk", ROOM >> 20);
}

/* Attaches the partition to a free loop device. Returns its descriptor, or -errno with e set. */
static int attach(const struct disk *d, const struct partition *p, char device[DEVICE_MAX])
{
	auto_fd control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = { .fd = (uint32_t)d->fd };

	if (control < 0)
		return refuse_without_loop(d, p);
	config.info.lo_offset = p->start;
	config.info.lo_sizelimit = p->size;
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (d->use == DISK_WRITE ? 0 : LO_FLAGS_READ_ONLY);
	snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", d->path);
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE), fd;

		if (number < 0)
			return refuse_without_loop(d, p);
		snprintf(device, DEVICE_MAX, "/dev/loop%d", number);
		fd = open(device, (d->use == DISK_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
		if (fd < 0)
			return refuse_without_loop(d, p);
		if (!ioctl(fd, LOOP_CONFIGURE, &config))
			return fd;
		cleanup_fd(&fd);
		if (errno == EPERM || errno == EACCES)
			return refuse_without_root(d, p);
		if (errno != EBUSY) /* EBUSY: another program took the device first */
			return err_sys(d->e, errno == EINVAL ? -EOPNOTSUPP : -errno, "%s: cannot attach it to %s",
				d->text, device);
	}
	return err_set(d->e, -EBUSY, "%s: other programs took every free loop device", d->text);
}

/* "NAME" or "NAME=VALUE" */
static int set_option(int fs, const char *option)
{
	const char *equals = strchr(option, '=');
	auto_free char *name = mem_part(option, equals ? (size_t)(equals - option) : strlen(option));

	return !*option || !fsconfig(fs, equals ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, name,
				   equals ? equals + 1 : NULL, 0)
		       ? 0
		       : -errno;
}

static bool is_root(int dir)
{
	static const char *const names[] = { "etc", "bin", "usr" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!faccessat(dir, names[i], F_OK, AT_SYMLINK_NOFOLLOW))
			return true;
	return false;
}

/* option: one more, or "". The mount's descriptor, or -errno. */
static int mount_device(const struct filesystem *type, const char *device, enum disk_use use, const char *option)
{
	bool reads = use != DISK_WRITE;
	auto_fd fs = fsopen(type->name, FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return errno == ENODEV ? -EOPNOTSUPP : -errno;
	r = fsconfig(fs, FSCONFIG_SET_STRING, "source", device, 0) < 0 ? -errno : set_option(fs, type->always);
	if (!r && reads)
		r = set_option(fs, "ro");
	if (!r && reads)
		r = set_option(fs, type->reading);
	if (!r)
		r = set_option(fs, option);
	if (!r && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r)
		return r;
	r = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (reads ? MOUNT_ATTR_RDONLY : 0));
	return r < 0 ? -errno : r;
}

static int mount_partition(const struct disk *d, const struct partition *p)
{
	/* Distributions that use btrfs keep the root in a subvolume, and few make that the default one. */
	static const char *const subvolumes[] = { "subvol=@", "subvol=@rootfs", "subvol=root" };
	const struct filesystem *type = find_filesystem(p);
	char device[DEVICE_MAX];
	auto_fd loop = attach(d, p, device);
	bool is_btrfs = !strcmp(type->name, "btrfs");
	int r;

	if (loop < 0)
		return loop;
	r = mount_device(type, device, d->use, "");
	for (size_t i = 0; r >= 0 && is_btrfs && !is_root(r) && i < ARRAY_SIZE(subvolumes); i++) {
		auto_fd mount = mount_device(type, device, d->use, subvolumes[i]);

		if (mount < 0 || !is_root(mount))
			continue;
		cleanup_fd(&r);
		r = take_fd(&mount);
	}
	if (r == -EPERM)
		return refuse_without_root(d, p);
	if (r == -EOPNOTSUPP)
		return err_set(d->e, r, "%s: this kernel does not support %s", d->text, type->name);
	if (r == -EROFS || r == -EACCES)
		return err_set(d->e, -EROFS, "%s: %s can only be read", d->text, p->type);
	if (r >= 0)
		return r;
	err_set(d->e, -EBADMSG, "%s: cannot mount its %s file system: %s", d->text, p->type, strerror(-r));
	return err_hint(d->e, "it is damaged, or newer than this kernel: sudo dmesg says more");
}

static int refuse_choice(const struct disk *d, const struct partition *first, const struct partition *second)
{
	auto_buf list = { 0 };

	if (first) {
		err_set(d->e, -EBADMSG, "%s: partitions %u and %u both contain a root file system", d->text,
			first->number, second->number);
		return err_hint(d->e, "specify one of them: %s:%u", kind_name(d->path), first->number);
	}
	partitions_say(&list, &d->partitions);
	err_set(d->e, -EBADMSG, "%s: no partition contains a root file system (%s)", d->text, buf_text(&list));
	return err_hint(d->e, "specify one nevertheless: %s:NUMBER", kind_name(d->path));
}

static const struct partition *find_partition(const struct disk *d)
{
	auto_buf list = { 0 };

	if (!d->number) {
		const struct partition *root = NULL, *refused = NULL;
		struct disk look = *d;

		/* Mount each partition with a Linux file system for a look. */
		look.use = d->use == DISK_READ ? DISK_READ : DISK_PLAN;
		for (size_t i = 0; i < d->partitions.n; i++) {
			const struct partition *p = &d->partitions.list[i];
			auto_fd mount = -1;

			if (p->is_beyond || p->overlaps || !find_filesystem(p)) {
				refused = refused || !strcmp(p->type, "vfat") || !strcmp(p->type, "swap") ? refused : p;
				continue;
			}
			if (!p->number)
				return p;
			mount = mount_partition(&look, p);
			if (mount < 0)
				return NULL;
			if (is_root(mount) && root)
				return refuse_choice(d, root, p), NULL;
			root = is_root(mount) ? p : root;
		}
		if (!root && refused)
			refuse_partition(d, refused);
		else if (!root)
			refuse_choice(d, NULL, NULL);
		return root;
	}
	for (size_t i = 0; i < d->partitions.n; i++) {
		const struct partition *p = &d->partitions.list[i];

		if (p->number == d->number && !p->is_beyond && !p->overlaps && find_filesystem(p))
			return p;
		if (p->number == d->number)
			return refuse_partition(d, p), NULL;
	}
	partitions_say(&list, &d->partitions);
	err_set(d->e, -ENOENT, "%s: no such partition (%s)", d->text, buf_text(&list));
	return NULL;
}

/* Opens the file; "FILE:NUMBER" is a file name if such a file exists. */
static int open_image(struct disk *d)
{
	const char *colon = strrchr(d->text, ':');
	const struct kind *kind;
	unsigned long number = 0;

	d->path = mem_text(d->text);
	d->fd = fd_open_regular(AT_FDCWD, d->path, 0);
	if (d->fd == -ENOENT && colon) {
		bool is_number = !str_to_uint(colon + 1, NUMBER_MAX, &number) && number;

		d->path[colon - d->text] = '\0';
		d->number = is_number ? (unsigned)number : NUMBER_MAX + 1; /* which no table has */
		d->fd = fd_open_regular(AT_FDCWD, d->path, 0);
		if (d->fd >= 0 && !is_number && !kind_of(d->fd)->is_disk) /* the name of an image in an archive */
			return 1;
	}
	if (d->fd < 0)
		return 1;
	kind = kind_of(d->fd);
	if (d->number || kind->is_disk)
		partitions_read(d->fd, &d->partitions);
	if (!d->partitions.n && kind->is_table) {
		err_set(d->e, -EBADMSG, "%s: a disk image without a readable partition table", d->text);
		return kind_hint(kind, d->path, d->e);
	}
	if (!d->partitions.n)
		return 1;
	if (d->use == DISK_READ)
		return 0;
	cleanup_fd(&d->fd);
	d->fd = open(d->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return d->fd < 0 ? err_sys(d->e, -errno, "%s", d->text) : 0;
}

int disk_open(const char *text, enum disk_use use, struct disk_root *ret, struct err *e)
{
	auto_free struct disk *d = mem_new(1, sizeof(*d));
	const struct partition *p;
	int r;

	*d = (struct disk){ .text = text, .use = use, .fd = -1, .e = e };
	r = open_image(d);
	r = r ? r : check_room(d);
	r = r ? r : lock_image(d);
	p = r ? NULL : find_partition(d);
	if (p)
		r = mount_partition(d, p);
	else if (!r)
		r = e->code;
	if (p && r >= 0)
		*ret = (struct disk_root){ r, p->number };
	cleanup_fd(&d->fd);
	free(d->path);
	return p && r > 0 ? 0 : r;
}

int disk_open_dir(const char *text, enum disk_use use, unsigned *ret_partition, struct err *e)
{
	struct disk_root root = { .mount = -1 };
	int r = disk_open(text, use, &root, e), fd;

	if (r)
		return r > 0 ? -ENOTDIR : r;
	if (ret_partition)
		*ret_partition = root.partition;
	fd = openat(root.mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? err_sys(e, -errno, "%s", text) : fd;
	close(root.mount);
	return r;
}

int disk_refuse_other(const char *text, struct err *e)
{
	auto_fd fd = fd_open_regular(AT_FDCWD, text, 0);

	if (fd < 0)
		return err_set(e, -EBADMSG, "%s: neither a directory nor an image", text);
	err_set(e, -EBADMSG, "%s: neither a directory nor an image: %s", text, kind_of(fd)->what);
	return kind_hint(kind_of(fd), text, e);
}
