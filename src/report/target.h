/* SPDX-License-Identifier: MIT */
/* Opens a target of the command line: a file, a root file system or an image. */
#pragma once

#include "image/image_name.h"

enum target_kind {
	TARGET_FILE = 0, /* not an archive: perhaps a program */
	TARGET_ROOT,	 /* a directory, or the root file system in a disk image */
	TARGET_IMAGE,	 /* a layout, an archive, standard input, or a name with an image prefix */
};

struct target {
	enum target_kind kind;
	struct image_name name;
	int fd;		    /* owned unless taken */
	bool is_disk;	    /* a disk image, even if refused */
	unsigned partition; /* of the disk image; 0: no partition table */
};

/*
 * Opens a target for reading; reads only its first bytes, and does not wait for a pipe or device. 0; -EBADMSG if it is
 * neither a regular file nor a directory; -errno. Errors name the target. Always call target_done(), even after a
 * failure.
 */
int target_open(const char *text, struct target *ret, struct err *e);
/* Opens a root file system: a directory or a disk image. Returns a directory descriptor, or -errno with e set. */
int target_open_root(const char *text, struct err *e);
void target_done(struct target *target);
