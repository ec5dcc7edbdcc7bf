/* SPDX-License-Identifier: MIT */
/* What a target on the command line is: a file, a root file system or an image. */
#pragma once

#include "image/image_name.h"

enum target_kind {
	TARGET_FILE = 0, /* what is no archive: perhaps a program */
	TARGET_ROOT,	 /* a directory, or the root file system in a disk image */
	TARGET_IMAGE,	 /* a layout, an archive, standard input, or what a prefix calls an image */
};

struct target {
	enum target_kind kind;
	struct image_name name;
	int fd;		    /* to be taken, or closed with it */
	bool is_disk;	    /* a disk image, also where it is refused */
	unsigned partition; /* of it; 0: it has no partition table */
};

/*
 * Opens a target for reading; nothing is read but its first bytes, and a pipe or device is not waited for. 0; -EBADMSG
 * when it is neither a regular file nor a directory; -errno. Errors name the target. target_done() frees, also after a
 * failure.
 */
int target_open(const char *text, struct target *ret, struct err *e);
/* A root file system alone: a directory or a disk image. The descriptor of its directory, or -errno with e set. */
int target_open_root(const char *text, struct err *e);
void target_done(struct target *target);
