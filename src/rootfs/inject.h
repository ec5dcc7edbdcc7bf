/* SPDX-License-Identifier: MIT */
/* Putting an emulator into a root file system that nobody trusts, and taking it out again. */
#pragma once

#include "rootfs/copy.h"

enum inject_result {
	INJECT_DONE = 0,
	INJECT_REPLACED,  /* another file was there; eject brings it back */
	INJECT_UNCHANGED, /* the same emulator is there already */
	INJECT_REMOVED,
	INJECT_ABSENT, /* nothing of ours is there */
};
extern const char *const inject_words[];

/*
 * Beside the emulator NAME lies a record, ".NAME.anyarch": what was made, so that eject can undo just that,
 * also in a copy of the tree on another machine (extended attributes do not survive most copies). A
 * file that was there before is kept as ".NAME.anyarch-was".
 */
struct inject_request {
	struct inject_source *source;
	const char *at; /* path inside the root, absolute */
	bool dry_run;
	bool has_epoch; /* SOURCE_DATE_EPOCH bounds the file's time */
	int64_t epoch;
};

/*
 * Copies the emulator to request.at below root: mode 0755, owned by root where we may, with the source's time. Missing
 * directories are made. Links resolve inside the root; what is written is never reached through the last component.
 * When it returns all of it is on the disk. -EBADMSG where a directory, FIFO or device stands, -EIO of the disk; then
 * the tree is as it was.
 */
int inject_file(int root, const struct inject_request *request, enum inject_result *ret, struct err *e);
/*
 * Takes out what a record at this path says, if it is still what was put there; directories that were made
 * go when they are empty. INJECT_ABSENT when there is no record.
 */
int eject_file(int root, const char *at, bool dry_run, enum inject_result *ret, struct err *e);
/*
 * Walks the tree (no links, no other mounts, at most 256 deep) and calls back with the path that each record is for,
 * until that answers non-zero, which is returned. -EINTR after a signal.
 */
int inject_each(int root, int (*each)(const char *at, void *context), void *context);
