/* SPDX-License-Identifier: MIT */
/* Files of a project directory, which is untrusted: read only inside it, replaced atomically. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Reads a whole file of the directory; links resolve inside it only. 0, or -errno with e set, naming path: -ENOENT;
 * -EBADMSG: not a regular file; -EXDEV: a link leads out of it; -E2BIG beyond limit.
 */
int files_read(int dir, const char *path, size_t limit, struct buf *out, struct err *e);

/* The type of a directory entry. */
enum files_there { FILES_NOTHING = 0, FILES_REGULAR, FILES_LINK, FILES_OTHER };
enum files_there files_look(int dir, const char *name, mode_t *ret_mode);

enum file_result { FILE_CREATED = 0, FILE_REPLACED, FILE_UNCHANGED, FILE_KEPT };
extern const char *const file_words[];

/* A file to write, or one that remains as it is. */
struct file {
	char *name;
	struct buf text;
	mode_t mode;
	enum file_result result;
};
/* Writes it atomically, if it is created or replaced. 0, or -errno with e set. */
int files_write(int dir, const struct file *file, struct err *e);
void files_done(struct file *files, size_t n);
