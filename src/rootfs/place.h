/* SPDX-License-Identifier: MIT */
/* Where an emulator goes inside a root: an opened directory and a name in it. */
#pragma once

#include <limits.h>

#include "rootfs/record.h"

#define PLACE_RECORD	".anyarch"
#define PLACE_BACKUP	".anyarch-was"
#define PLACE_TEMPORARY ".anyarch-new"
#define PLACE_SCRATCH	".anyarch-tmp" /* of the record */

struct place {
	int dir;
	char name[NAME_MAX + 1];
	unsigned made;	      /* directories that were made for it */
	struct timespec time; /* before, of the lowest directory that was there */
};

/*
 * Resolves the directory of an absolute path inside root; with make missing ones are made (0755). -ENOENT
 * without make; -EBADMSG when the path cannot name a file or its directory is not inside.
 */
int place_open(int root, const char *at, bool make, struct place *ret, struct err *e);
void place_done(struct place *place);
/* Keeps others from changing what is in its directory; -EBUSY with e set while somebody else does. */
int place_lock(const struct place *place, const char *at, struct err *e);
/* Whether the backup's name is one more link of the file itself: a run was killed before it went on. */
enum place_backup { BACKUP_NONE = 0, BACKUP_IS_FILE, BACKUP_OTHER };
enum place_backup place_backup(const struct place *place);
/* Whether the file is one that the record knows. 1, 0 (also when it is no regular file), -ENOENT, -errno. */
int place_is_ours(const struct place *place, const struct record *record);
/* Removes the place's companion of this suffix; that there is none is fine. */
int place_remove(const struct place *place, const char *suffix);
/* The record beside the place's file. -ENOENT, -EBADMSG. */
int place_read_record(const struct place *place, struct record *ret);
