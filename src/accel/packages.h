/* SPDX-License-Identifier: MIT */
/* Reads a root's dpkg database, which is untrusted: packages and their files. */
#pragma once

#include <sys/stat.h>

#include "base/buf.h"

/* A root file system, or an image's merged layers. */
struct tool_root {
	/*
	 * Opens a file as after chroot. Returns the descriptor, size and mtime in st; -ENOENT; -EAGAIN if it can be
	 * opened only after the next read of what is wanted; -errno. st->st_mode and st_uid show whether users other
	 * than root may change it.
	 */
	int (*open)(void *context, const char *path, struct stat *st);
	void *context;
};

#define PACKAGES_STATUS "/var/lib/dpkg/status"

/* A zeroed one is empty, like a root without records; packages_done() frees. */
struct packages {
	struct buf status;
	char arch[24]; /* Debian's name of the packages' architecture */
};

/* A field of a record, borrowed from its text. */
struct packages_field {
	const char *text;
	size_t len;
};

/* Reads a root's records. Missing records, or records over a limit, are not an error. 0 or -errno. */
int packages_read(const struct tool_root *root, const char *arch, struct packages *ret);
void packages_done(struct packages *packages);
/* The version of an installed package; false if it is not installed. */
bool packages_version(const struct packages *packages, const char *name, struct packages_field *ret);
/* Whether the libraries that a package depends on have the same upstream versions in another root. */
bool packages_has_same_libraries(const struct packages *packages, const char *name, const struct packages *other);
/* Appends the path of a package's digests; which 0 and 1: "NAME.md5sums" and "NAME:ARCH.md5sums". */
void packages_digests_path(const struct packages *packages, const char *name, int which, struct buf *out);
/* Whether an open file has the package's digest for /usr/bin/PROGRAM or /bin/PROGRAM. 1, 0 or -errno. */
int packages_owns(
	const struct packages *packages, const struct tool_root *root, const char *name, const char *program, int fd);
