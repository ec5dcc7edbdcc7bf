/* SPDX-License-Identifier: MIT */
/* THE writer of files: each takes its name in one step, when it is whole and on the disk. */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Where the file system can, a new file has no name until newfile_commit(), so that a run that is killed leaves
 * nothing; else, and for the moment in which it replaces another, it has a name of its own (".anyarch-new-" and 16 hex
 * digits) and a lock. newfile_open*() removes files of such names that no process holds: killed runs left them. Any
 * number of runs may write to the same name at once: it is a whole file of one of them at any time.
 *
 * Everything happens in the one directory that is open, so a directory descriptor that is confined
 * (rootfs/beneath) keeps the file confined.
 */
enum newfile_over {
	NEWFILE_REPLACES = 0, /* a regular file, or a link to one or to nothing: then the link itself */
	NEWFILE_IS_NEW,	      /* nothing: for every output of a command that was not told --force */
};

struct newfile {
	int fd; /* to write to, mode 0600 */
	int dir;
	enum newfile_over over;
	char temporary[32]; /* "" while it has no name */
	const char *name;   /* borrowed from the path */
};

#define NEWFILE_INIT                                                                                                   \
	{                                                                                                              \
		.fd = -1, .dir = -1                                                                                    \
	}
#define auto_newfile auto_with(newfile_done) struct newfile

/*
 * 0 or -errno with e set, which names path. -EEXIST: the name is taken by what is not to be replaced, with the hint
 * to use --force where that would help. The descriptor is locked (flock) until the commit.
 */
int newfile_open(const char *path, enum newfile_over over, struct newfile *ret, struct err *e);
/* The same of a name in a directory that is open. */
int newfile_open_at(int dir, const char *name, enum newfile_over over, struct newfile *ret, struct err *e);
/*
 * On the disk with this mode, then under its name in one step. 0; -EEXIST with e set where NEWFILE_IS_NEW and something
 * has that name by now; else -EIO with e set. After a failure it can still be let go.
 */
int newfile_commit(struct newfile *file, mode_t mode, struct err *e);
/* Writes this, and commits. The same errors, and -E2BIG for a buffer over its limit. */
int newfile_commit_text(struct newfile *file, const struct buf *text, mode_t mode, struct err *e);
/* Removes what has not got its name. */
void newfile_done(struct newfile *file);
/* Removes what killed runs left in a directory, and nothing that a process holds. */
void newfile_sweep(int dir);
/* What a new file that is for everybody gets: 0666 without the umask. */
mode_t newfile_usual_mode(void);
