/* SPDX-License-Identifier: MIT */
/* A file that takes its name when it is whole. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/* Written under ".NAME.anyarch-new" beside its name, where a run that was killed may have left one. */
struct newfile {
	int fd; /* to write to */
	int dir;
	char *temporary;
	const char *name; /* borrowed from the path */
};

#define NEWFILE_INIT                                                                                                   \
	{                                                                                                              \
		.fd = -1, .dir = -1                                                                                    \
	}
#define auto_newfile auto_with(newfile_done) struct newfile

/* 0 or -errno with e set, which names path. -EEXIST: what stands there is a device, a pipe, a directory or a link to
 * one. */
int newfile_open(const char *path, struct newfile *ret, struct err *e);
/* The same of a name in a directory that is open. */
int newfile_open_at(int dir, const char *name, struct newfile *ret, struct err *e);
/* On the disk with this mode, then under its name in one step. 0, or -EIO with e set: then it can still be let go. */
int newfile_commit(struct newfile *file, mode_t mode, struct err *e);
/* The same, but -EEXIST where something has that name by now. */
int newfile_commit_new(struct newfile *file, mode_t mode, struct err *e);
/* Removes what has no name yet. */
void newfile_done(struct newfile *file);
/* What a new file that is for everybody gets: 0666 without the umask. */
mode_t newfile_usual_mode(void);
