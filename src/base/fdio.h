/* SPDX-License-Identifier: MIT */
/* Full reads and writes, capped reads, copies. */
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Opens a regular file for reading and nothing else: opening a device can have effects (a watchdog starts, a
 * tape rewinds). flags may be O_NOFOLLOW. The descriptor, -EBADMSG when it is something else, -errno.
 */
int fd_open_regular(int dir, const char *path, int flags);
/* The same for what an O_PATH descriptor refers to, which is closed in any case. */
int fd_reopen_regular(int path_fd);
/* A directory that ends with its scope. */
static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
#define auto_dir auto_with(cleanup_dir) DIR *
/* As fdopendir(3) of a descriptor that is taken over, also on failure: NULL, with errno. */
DIR *fd_list(int fd);
/* The same of a directory below dir, which stays open; "." is dir itself, from its start. */
DIR *fd_list_at(int dir, const char *path);
/* The next entry but "." and ".."; NULL at the end, or on failure with errno, which is 0 otherwise. */
const struct dirent *fd_next(DIR *dir);
/* Reads up to len bytes at offset until end of file. Bytes read or -errno. */
ssize_t fd_pread(int fd, void *data, size_t len, off_t offset);
/* Writes all of it. 0 or -errno. */
int fd_write(int fd, const void *data, size_t len);
/* Reads a whole file of at most limit bytes into out. 0, -E2BIG or -errno. */
int fd_read_all(int fd, size_t limit, struct buf *out);
/* Copies the whole of one file into another from their starts. 0 or -errno. */
int fd_copy(int from, int to);
/*
 * Copies len bytes from an offset of a file to wherever the other one's position is, inside the kernel, the disk being
 * at work meanwhile. 0, -EBADMSG when there are fewer, -EINTR when a signal came that is caught, -errno.
 */
int fd_copy_range(int from, uint64_t offset, int to, uint64_t len);
/* Whether both files hold the same bytes; 1, 0 or -errno. */
int fd_same_content(int a, int b);
/* Lets the disk begin with what was written; whoever cannot tell it so waits longer, later. */
void fd_begin_writing(int fd);
/*
 * A new file of mode 0600 for writing; what a run that was killed has left under that name goes first. Descriptor or
 * -errno.
 */
int fd_create_temporary(int dir, const char *temporary);
/*
 * The permissions of another file, and its owner where root may give it away: so that what root puts into a user's
 * files stays the user's. 0 or -errno.
 */
int fd_look_like(int fd, const struct stat *other);
