/* SPDX-License-Identifier: MIT */
/* The directory of native tools in a root: opening it, cleaning up after killed runs, removing it. */
#pragma once

#include <time.h>

#include "rootfs/inject.h"

#define SPOT_ABOVE  "/usr/lib"
#define SPOT_OWN    "anyarch"
#define SPOT_NAME   "native"
#define SPOT_NEW    ".native.anyarch-new" /* until it is complete */
#define SPOT_OLD    ".native.anyarch-old" /* while it is removed */
#define SPOT_RECORD "record"

enum { SPOT_RECORD_MAX = 256 };

/* /usr/lib, its directory anyarch, and the state to restore. */
struct spot {
	int above;
	int own;	      /* anyarch, or its temporary directory: see spot_make() */
	bool is_made;	      /* created by this run */
	char temporary[80];   /* its name until it is complete; "" */
	struct timespec time; /* mtime of /usr/lib before the change */
};

#define SPOT_INIT                                                                                                      \
	{                                                                                                              \
		.above = -1, .own = -1                                                                                 \
	}
#define auto_spot auto_with(spot_done) struct spot

void spot_done(struct spot *spot);
/* Opens /usr/lib; with changes, locks it (-EBUSY). -ENOENT, without a message, if it does not exist. */
int spot_open_above(int root, bool changes, struct spot *ret, struct err *e);
/* Opens anyarch in it. -ENOENT, without a message, if it does not exist. */
int spot_open_own(struct spot *spot, struct err *e);
/*
 * Creates anyarch under a temporary name that holds the mtime of /usr/lib, ".anyarch-SECONDS-NANOSECONDS.new", so that
 * a later run can restore it if this one is killed.
 */
int spot_make(struct spot *spot, struct err *e);
/* Checks a directory as the stub will: it must be root's, and writable only for root; else -EBADMSG. */
int spot_check(int fd, const char *path, struct err *e);
/* Whether anyarch contains this name. */
bool spot_has(const struct spot *spot, const char *name);
/* Whether the directory was created by anyarch; reads its record of the previous state. */
bool spot_read_record(const struct spot *spot, const char *name, bool *ret_is_made, struct timespec *ret);
int spot_not_ours(struct err *e);
/* -EBADMSG if there is a mount below what would be removed or replaced: mounts are never crossed. */
int spot_check_mounts(const struct spot *spot, struct err *e);
/*
 * Removes a tree, following no links; -EBUSY, and nothing removed, with a mount in it. 0 (also if missing) or -errno.
 */
int spot_remove_tree(int dir, const char *name);
/* Removes what killed runs left before anyarch existed. 0 or -errno. */
int spot_sweep(const struct spot *spot);
/* Removes anyarch if it was created for the tools and is empty; then restores the mtime of /usr/lib. */
void spot_tidy(const struct spot *spot, bool is_made, const struct timespec *time);
/* Removes the tools and their directory from a root. INJECT_ABSENT if there are none. */
int accelerate_remove(int root, bool dry_run, enum inject_result *ret, struct err *e);
