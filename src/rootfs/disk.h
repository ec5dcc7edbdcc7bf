/* SPDX-License-Identifier: MIT */
/* A root file system in a disk image, as that of an SD card: found, attached and mounted where nobody sees it. */
#pragma once

#include "base/err.h"

enum disk_use {
	DISK_READ = 0, /* nothing is written to the image, not even a journal */
	DISK_PLAN,     /* the same, and refused if it could not be written to */
	DISK_WRITE,
};

struct disk_root {
	int mount;	    /* of a mount that is attached nowhere; closing it, and what was opened below, ends it */
	unsigned partition; /* 0: the image has no partition table */
};

/*
 * Mounts the root file system of an image of a disk, "FILE" or "FILE:PARTITION", with nosuid and nodev. Without
 * PARTITION it is the one partition with a Linux file system that holds /etc, /bin or /usr. The loop device is
 * detached by the kernel with the mount, however this process ends, and the image is locked as long.
 *
 * 1: text does not name such an image, and e is as it was. 0. -errno with e set, which names text: -EBADMSG for a
 * table or file system that is refused, -ENOENT no such partition, -EBUSY while the image is used, -EPERM without root,
 * -EOPNOTSUPP where there are no loop devices, -ENOSPC where the disk below a sparse image is full.
 */
int disk_open(const char *text, enum disk_use use, struct disk_root *ret, struct err *e);
/* The same as a directory for reading and its partition (NULL: not asked). The descriptor or -errno; -ENOTDIR for 1. */
int disk_open_dir(const char *text, enum disk_use use, unsigned *ret_partition, struct err *e);
/* The error for what is neither a directory nor such an image, with what it is. Its code. */
int disk_refuse_other(const char *text, struct err *e);
