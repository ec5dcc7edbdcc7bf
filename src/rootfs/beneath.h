/* SPDX-License-Identifier: MIT */
/* Paths inside an untrusted root directory: symlinks resolve as they would after chroot(2). */
#pragma once

#include <time.h>

#include "base/err.h"

enum { BENEATH_LINKS_MAX = 40, BENEATH_PATH_MAX = 4096, BENEATH_DIRS_MAX = 64 };

/*
 * Opens path (with or without a leading slash) as after chroot to the directory root: absolute symlinks and ".." are
 * confined to root, magic links of /proc are not followed. flags as for open(2), without O_CREAT; O_CLOEXEC is added,
 * O_NOFOLLOW applies to the last component only. Returns the descriptor or -errno: -ELOOP too many symlinks, -ENOENT,
 * -EAGAIN if concurrent renames do not stop. Uses openat2(2) if the kernel has it, else one openat(2) per component.
 */
int beneath_open(int root, const char *path, int flags);
/* The same without openat2(2), for older kernels and for tests. */
int beneath_open_by_component(int root, const char *path, int flags);

/*
 * Whether two open directories are in the same mount, by its mount ID (statx, since Linux 5.8), which also differs for
 * bind mounts of one file system; by the device number on older kernels. false if statx fails.
 */
bool beneath_is_same_mount(int a, int b);

/* What beneath_make_dirs() did. */
struct beneath_made {
	unsigned n;		     /* directories created: the last n of the path */
	struct timespec time;	     /* original mtime of the directory in which the first was created */
	char path[BENEATH_PATH_MAX]; /* of the last one created */
};

/*
 * Opens a directory inside root and creates missing directories (mode 0755), at most limit. On failure, those created
 * are removed again. Returns the descriptor or -errno.
 */
int beneath_make_dirs(int root, const char *path, unsigned limit, struct beneath_made *ret_made);
/*
 * Removes the last n directories of a path, deepest first, as long as they are empty, and sets the mtime of the
 * remaining directory to time (NULL: leaves it).
 */
void beneath_remove_dirs(int root, const char *path, unsigned n, const struct timespec *time);
