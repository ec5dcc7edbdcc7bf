/* SPDX-License-Identifier: MIT */
/* Full reads and writes, capped reads, copies. */
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Opens a file for reading if it is a regular one: opening a device can have side effects (start a watchdog, rewind a
 * tape). flags may be O_NOFOLLOW. The descriptor, -EBADMSG for any other type, or -errno.
 */
int fd_open_regular(int dir, const char *path, int flags);
/* The same for the file of an O_PATH descriptor, which is closed in any case. */
int fd_reopen_regular(int path_fd);
/* A directory closed at the end of its scope. */
static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
#define auto_dir auto_with(cleanup_dir) DIR *
/* Like fdopendir(3), but takes ownership of fd even on failure: NULL with errno. */
DIR *fd_list(int fd);
/* The same for a directory below dir, which stays open; "." lists dir itself from its start. */
DIR *fd_list_at(int dir, const char *path);
/* The next entry except "." and ".."; NULL at the end (errno is 0) or on failure (errno is set). */
const struct dirent *fd_next(DIR *dir);
/* Reads up to len bytes at offset; fewer only at the end of the file. Bytes read or -errno. */
ssize_t fd_pread(int fd, void *data, size_t len, off_t offset);
/* Writes all bytes. 0 or -errno. */
int fd_write(int fd, const void *data, size_t len);
/* Reads a whole file of at most limit bytes into out. 0, -E2BIG or -errno. */
int fd_read_all(int fd, size_t limit, struct buf *out);
/* Copies a whole file to the start of another. 0 or -errno. */
int fd_copy(int from, int to);
/*
 * Copies len bytes from an offset of a file to the other's current position, inside the kernel, and starts writeback
 * meanwhile. 0, -EBADMSG if the file is shorter, -EINTR after a caught signal, or -errno.
 */
int fd_copy_range(int from, uint64_t offset, int to, uint64_t len);
/* Whether both files have the same content: 1, 0, -EINTR after a signal, or -errno. */
int fd_same_content(int a, int b);
/* Starts writeback of what was written, so that a later fsync(2) is short. Errors are ignored. */
void fd_begin_writing(int fd);
/*
 * Creates a file of mode 0600 for writing; first removes a file of that name, left by a killed run. Descriptor or
 * -errno.
 */
int fd_create_temporary(int dir, const char *temporary);
/*
 * Copies the mode of another file, and its owner if running as root, so that files root writes for a user stay the
 * user's. 0 or -errno.
 */
int fd_look_like(int fd, const struct stat *other);
