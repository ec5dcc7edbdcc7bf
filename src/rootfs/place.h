/* SPDX-License-Identifier: MIT */
/* The path of an emulator inside a root: an open directory and a name in it, and the files beside the emulator. */
#pragma once

#include <limits.h>

#include "rootfs/record.h"

#define PLACE_RECORD	".anyarch"
#define PLACE_BACKUP	".anyarch-was"
#define PLACE_TEMPORARY ".anyarch-new"
#define PLACE_SCRATCH	".anyarch-tmp" /* temporary name of the record */

struct place {
	int dir;
	char name[NAME_MAX + 1];
	unsigned made;	      /* directories created for it */
	struct timespec time; /* original mtime of the deepest directory that existed */
};

/*
 * Resolves the directory of an absolute path inside root; with make, creates missing ones (0755). Without make,
 * -ENOENT with e unset; -EBADMSG if the path cannot name a file or its directory cannot be reached inside root.
 */
int place_open(int root, const char *at, bool make, struct place *ret, struct err *e);
void place_done(struct place *place);
/* Closes the directory, and removes the last n directories of at's path as long as they are empty; time as for
 * beneath_remove_dirs(). */
void place_remove_dirs(struct place *place, int root, const char *at, unsigned n, const struct timespec *time);
/* Renames the backup over the file. 0 or -errno. */
int place_restore(const struct place *place);
/* Locks the directory against other runs; -EBUSY with e set if another process holds the lock. */
int place_lock(const struct place *place, const char *at, struct err *e);
/* BACKUP_IS_FILE: the backup is a hard link to the file itself, as a run was killed before it replaced the file. */
enum place_backup { BACKUP_NONE = 0, BACKUP_IS_FILE, BACKUP_OTHER };
enum place_backup place_backup(const struct place *place);
/* Whether the file has a digest of the record. 1, 0 (also if it is not a regular file), -ENOENT, -errno. */
int place_is_ours(const struct place *place, const struct record *record);
/* Removes the file with this suffix beside the emulator; 0 also if there is none, -errno. */
int place_remove(const struct place *place, const char *suffix);
/* Reads the record beside the emulator. 0, -ENOENT, -EBADMSG, -errno. */
int place_read_record(const struct place *place, struct record *ret);
