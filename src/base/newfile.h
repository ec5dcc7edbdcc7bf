/* SPDX-License-Identifier: MIT */
/* THE writer of files: a file gets its name atomically, once it is complete and on the disk. */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * If the file system supports it, a new file has no name until newfile_commit(), so that a killed run leaves nothing.
 * Otherwise, and briefly while it replaces another file, it has a temporary name (".anyarch-new-" and 16 hex digits)
 * and a lock. newfile_open*() removes files with such names that no process locks: killed runs left them. Any number of
 * runs may write to the same name at once: it always is a complete file of one of them.
 *
 * All operations use one open directory, so a confined directory descriptor (rootfs/beneath) keeps the file confined.
 */
enum newfile_over {
	NEWFILE_REPLACES = 0, /* replaces a regular file, or a link itself, to one or to nothing */
	NEWFILE_IS_NEW,	      /* replaces nothing: for every output of a command without --force */
};

struct newfile {
	int fd; /* for writing, mode 0600 */
	int dir;
	enum newfile_over over;
	char temporary[32]; /* "" if it has no name */
	const char *name;   /* borrowed from the path */
};

#define NEWFILE_INIT                                                                                                   \
	{                                                                                                              \
		.fd = -1, .dir = -1                                                                                    \
	}
#define auto_newfile auto_with(newfile_done) struct newfile

/*
 * 0, or -errno with e set, which names path. -EEXIST if the name is taken and must not be replaced, with the hint to
 * use --force if that would help. The descriptor is locked (flock) until the commit.
 */
int newfile_open(const char *path, enum newfile_over over, struct newfile *ret, struct err *e);
/* The same for a name in an open directory, which is borrowed. */
int newfile_open_at(int dir, const char *name, enum newfile_over over, struct newfile *ret, struct err *e);
/*
 * Sets the mode, syncs the file, and gives it its name in one step. 0; -EEXIST with e set if NEWFILE_IS_NEW and the
 * name exists by now; else -EIO with e set. After a failure newfile_done() is still required.
 */
int newfile_commit(struct newfile *file, mode_t mode, struct err *e);
/* Writes text and commits. The same errors, and -E2BIG for a buffer over its limit. */
int newfile_commit_text(struct newfile *file, const struct buf *text, mode_t mode, struct err *e);
/* Closes the file, and removes it if it was not committed. */
void newfile_done(struct newfile *file);
/* Removes files that killed runs left in a directory, except those that a process locks. */
void newfile_sweep(int dir);
/* The default mode of a new file: 0666 without the umask. */
mode_t newfile_usual_mode(void);
