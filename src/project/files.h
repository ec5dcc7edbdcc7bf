/* SPDX-License-Identifier: MIT */
/* Files of a project directory, which is untrusted: read only inside it, replaced atomically. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Opens a file of the directory for reading; links resolve inside it only. Returns a descriptor, or -errno with e set,
 * naming path: -ENOENT; -EBADMSG: not a regular file; -EXDEV: a link leads out of it.
 */
int files_open(int dir, const char *path, struct err *e);
/* Reads the whole file. 0, -E2BIG with e set beyond limit, or as files_open(). */
int files_read(int dir, const char *path, size_t limit, struct buf *out, struct err *e);

/* Appends the directory's path, for messages: without links, "." if /proc is unavailable. */
void files_where(int dir, struct buf *out);

/* The type of a directory entry. */
enum files_there { FILES_NOTHING = 0, FILES_REGULAR, FILES_LINK, FILES_OTHER };
enum files_there files_look(int dir, const char *name, mode_t *ret_mode);
struct files_new {
	const char *name;
	const struct buf *content;
	mode_t mode;
	bool is_new; /* fail with -EEXIST if the name exists */
};
/* Writes the file atomically. 0, or -errno with e set. */
int files_write(int dir, const struct files_new *file, struct err *e);
