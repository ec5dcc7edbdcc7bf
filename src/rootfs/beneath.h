/* SPDX-License-Identifier: MIT */
/* Paths inside a root directory that nobody trusts: links resolve as they would after chroot. */
#pragma once

#include <time.h>

#include "base/err.h"

enum { BENEATH_LINKS_MAX = 40, BENEATH_PATH_MAX = 4096, BENEATH_DIRS_MAX = 64 };

/*
 * Opens path (with or without a leading slash) as it would be after chroot to the directory root:
 * absolute links start there, ".." stops there, and no link of /proc is followed. flags as open(2)
 * without O_CREAT; O_CLOEXEC is added, O_NOFOLLOW is about the last component only. The descriptor or
 * -errno: -ELOOP too many links, -ENOENT, -EAGAIN when racing renames do not stop.
 * openat2(2) where the kernel has it, else one component at a time.
 */
int beneath_open(int root, const char *path, int flags);
/* The same without openat2; for tests and for kernels without it. */
int beneath_open_by_component(int root, const char *path, int flags);

/*
 * Whether two open directories are in one mount, by what the kernel calls it (statx, since Linux 5.8), which also tells
 * a bind mount of the same file system; before that by the file system alone. false where that cannot be told.
 */
bool beneath_is_same_mount(int a, int b);

/* What beneath_make_dirs() did. */
struct beneath_made {
	unsigned n;		     /* directories that were made, the lowest ones of the path */
	struct timespec time;	     /* of the directory in which the first was made, before that */
	char path[BENEATH_PATH_MAX]; /* of the last one */
};

/*
 * Opens a directory inside root, making what is missing (mode 0755). At most limit are made; on failure those that
 * were made are removed again. The descriptor or -errno.
 */
int beneath_make_dirs(int root, const char *path, unsigned limit, struct beneath_made *ret_made);
/*
 * Removes the n lowest directories of a path from below upwards, as long as they are empty, and gives the
 * directory that is left its time back.
 */
void beneath_remove_dirs(int root, const char *path, unsigned n, const struct timespec *time);
