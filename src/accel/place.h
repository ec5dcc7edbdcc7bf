/* SPDX-License-Identifier: MIT */
/* Where native tools lie in a root: opened, swept of what a run that was killed has left, emptied. */
#pragma once

#include <time.h>

#include "rootfs/inject.h"

#define SPOT_ABOVE  "/usr/lib"
#define SPOT_OWN    "anyarch"
#define SPOT_NAME   "native"
#define SPOT_NEW    ".native.anyarch-new" /* as long as it is not whole */
#define SPOT_OLD    ".native.anyarch-old" /* on its way out */
#define SPOT_RECORD "record"

enum { SPOT_RECORD_MAX = 256 };

/* /usr/lib, anyarch in it, and what is to be given back. */
struct spot {
	int above;
	int own;	      /* anyarch, or what will be: see spot_make() */
	bool is_made;	      /* by us */
	char temporary[80];   /* its name as long as it is not whole; "" */
	struct timespec time; /* of /usr/lib, before that */
};

#define SPOT_INIT                                                                                                      \
	{                                                                                                              \
		.above = -1, .own = -1                                                                                 \
	}
#define auto_spot auto_with(spot_done) struct spot

void spot_done(struct spot *spot);
/* /usr/lib; with changes nobody else may be at it (-EBUSY). -ENOENT without a message when it is not there. */
int spot_open_above(int root, bool changes, struct spot *ret, struct err *e);
/* anyarch in it. -ENOENT without a message when it is not there. */
int spot_open_own(struct spot *spot, struct err *e);
/*
 * Makes what will be anyarch. Killed at any moment, /usr/lib has to get its time back: so the directory in which all is
 * made has that in its name, ".anyarch-SECONDS-NANOSECONDS.new".
 */
int spot_make(struct spot *spot, struct err *e);
/* The stub believes root's directories alone, which nobody else may write to: -EBADMSG where it is another. */
int spot_check(int fd, const char *path, struct err *e);
/* Whether anyarch has this name in it. */
bool spot_has(const struct spot *spot, const char *name);
/* Whether the directory of this name is ours, and what it knows of the time before. */
bool spot_read_record(const struct spot *spot, const char *name, bool *ret_is_made, struct timespec *ret);
int spot_not_ours(struct err *e);
/* -EBADMSG where something is mounted in what would be removed or replaced: mounts are never crossed. */
int spot_check_mounts(const struct spot *spot, struct err *e);
/* Removes what a name stands for with all that is in it, nothing behind a link; -EBUSY, with nothing removed, where
 * something is mounted in it. That there is none is fine. 0 or -errno. */
int spot_remove_tree(int dir, const char *name);
/* What runs have left that were killed before anyarch was there. 0 or -errno. */
int spot_sweep(const struct spot *spot);
/* anyarch goes when it was made for the tools and nothing else is in it; then /usr/lib is as it was. */
void spot_tidy(const struct spot *spot, bool is_made, const struct timespec *time);
/* Removes the tools and their directory from a root. INJECT_ABSENT when there are none. */
int accelerate_remove(int root, bool dry_run, enum inject_result *ret, struct err *e);
