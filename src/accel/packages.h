/* SPDX-License-Identifier: MIT */
/* What a root's own records (dpkg) say of its packages and their files; nobody trusts them. */
#pragma once

#include <sys/stat.h>

#include "base/buf.h"

/* A root, or an image's layers together. */
struct tool_root {
	/*
	 * Opens a file as after chroot. The descriptor, its size and time of modification in st; -ENOENT, -EAGAIN where
	 * it can be opened only after what else is wanted is known, -errno.
	 * Whether others than root may change it shows in st->st_mode and st_uid.
	 */
	int (*open)(void *context, const char *path, struct stat *st);
	void *context;
};

#define PACKAGES_STATUS "/var/lib/dpkg/status"

/* Zeroed it is empty, as of a root without records; packages_done() frees. */
struct packages {
	struct buf status;
	char arch[24]; /* Debian's name of the architecture whose packages count */
};

/* A field of a record, in its text. */
struct packages_field {
	const char *text;
	size_t len;
};

/* Reads the records of a root; that it has none is no error, and neither are records over a limit. 0 or -errno. */
int packages_read(const struct tool_root *root, const char *arch, struct packages *ret);
void packages_done(struct packages *packages);
/* The version of a package that is installed; false when it is not. */
bool packages_version(const struct packages *packages, const char *name, struct packages_field *ret);
/* Whether libraries that a package depends on have the same upstream versions in another root. */
bool packages_has_same_libraries(const struct packages *packages, const char *name, const struct packages *other);
/* Where the digests of a package's files are; which 0 and 1: "NAME.md5sums" and "NAME:ARCH.md5sums". */
void packages_digests_path(const struct packages *packages, const char *name, int which, struct buf *out);
/* Whether an open file has the digest that the package has for /usr/bin/PROGRAM or /bin/PROGRAM. 1, 0 or -errno. */
int packages_owns(
	const struct packages *packages, const struct tool_root *root, const char *name, const char *program, int fd);
