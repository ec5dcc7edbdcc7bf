/* SPDX-License-Identifier: MIT */
/* Files of a project, which may be anybody's: read only inside its directory, replaced only as a whole. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Opens a file of the directory for reading; links resolve inside it only. The descriptor or -errno with e set, which
 * names path: -ENOENT, -EBADMSG when it is no file, -EXDEV when a link leads out (so nowhere).
 */
int files_open(int dir, const char *path, struct err *e);
/* Reads it as a whole. 0, -E2BIG with e set beyond limit, or as above. */
int files_read(int dir, const char *path, size_t limit, struct buf *out, struct err *e);

/* Where the directory is, for people: a path without links, "." where /proc does not tell. */
void files_where(int dir, struct buf *out);

/* What has a name in the directory now. */
enum files_there { FILES_NOTHING = 0, FILES_REGULAR, FILES_LINK, FILES_OTHER };
enum files_there files_look(int dir, const char *name, mode_t *ret_mode);
struct files_new {
	const char *name;
	const struct buf *content;
	mode_t mode;
	bool is_new; /* -EEXIST where something has that name */
};
/* Gives the name this content in one step. 0, or -errno with e set. */
int files_write(int dir, const struct files_new *file, struct err *e);
