/* SPDX-License-Identifier: MIT */
/* Finds the root file system in a disk image, as of an SD card, and mounts it outside any mount namespace. */
#pragma once

#include "base/err.h"

enum disk_use {
	DISK_READ = 0, /* writes nothing to the image, does not replay a journal */
	DISK_PLAN,     /* the same, but refuses an image that cannot be written to */
	DISK_WRITE,
};

struct disk_root {
	int mount;	    /* a detached mount: unmounted when it and all files opened below it are closed */
	unsigned partition; /* 0: the image has no partition table */
};

/*
 * Mounts the root file system of a disk image, "FILE" or "FILE:PARTITION", with nosuid and nodev. Without PARTITION, it
 * is the only partition with a Linux file system that contains /etc, /bin or /usr. The kernel detaches the loop device
 * with the mount, however this process ends; the image is locked until then.
 *
 * 0; 1 if text does not name a disk image, e unchanged; -errno with e set, which names text: -EBADMSG for a refused
 * partition table or file system, -ENOENT no such partition, -EBUSY the image is in use, -EPERM without root,
 * -EROFS, -EOPNOTSUPP no loop devices or file system support, -ENOSPC too little space below a sparse image.
 */
int disk_open(const char *text, enum disk_use use, struct disk_root *ret, struct err *e);
/* As disk_open(), but returns a descriptor of the directory, or -errno, -ENOTDIR for 1. ret_partition may be NULL. */
int disk_open_dir(const char *text, enum disk_use use, unsigned *ret_partition, struct err *e);
/* Sets the error for a path that is neither a directory nor a disk image: it says what it is. Returns the code. */
int disk_refuse_other(const char *text, struct err *e);
