/* SPDX-License-Identifier: MIT */
/* Reads a root's database of dpkg or apk, which is untrusted: packages and their files. */
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

#define PACKAGES_RECORDS "the records of its packages"

struct packages_format;

/* A zeroed one is empty, like a root without records; packages_done() frees. */
struct packages {
	struct buf records;
	const struct packages_format *format; /* NULL: none */
	char arch[24];			      /* Debian's name of the packages' architecture */
};

/* A field of a record, borrowed from its text. */
struct packages_field {
	const char *text;
	size_t len;
};

/* Reads a root's records. Missing records, or records over a limit, are not an error. 0 or -errno. */
int packages_read(const struct tool_root *root, const char *arch, struct packages *ret);
void packages_done(struct packages *packages);
/* The version of an installed package, by Debian's name of it; false if it is not installed. */
bool packages_version(const struct packages *packages, const char *name, struct packages_field *ret);
/* Whether the libraries that a package depends on have the same upstream versions in another root of the same format.
 */
bool packages_has_same_libraries(const struct packages *packages, const char *name, const struct packages *other);
/* A file that may be a package's. */
struct packages_file {
	const struct tool_root *root;
	const char *package; /* Debian's name of it */
	const char *program;
	int fd;
};

/* Whether an open file has an installed package's digest for /usr/bin/PROGRAM or /bin/PROGRAM. 1, 0 or -errno. */
int packages_owns(const struct packages *packages, const struct packages_file *file);

/* What differs between the formats. All are paragraphs of lines "FIELD:TEXT". */

enum {
	PACKAGES_DIGESTS_MAX = 4 * 1024 * 1024,
	PACKAGES_LIBRARIES_MAX = 64, /* that one package depends on: each is searched for in all records */
};

struct packages_format {
	const char *records[2]; /* paths; the first that exists */
	const char *version;	/* fields */
	const char *depends[2];
	/* The paragraph of an installed package; NULL. */
	const char *(*find)(const struct packages *packages, const char *name);
	/* Whether the libraries in a field of dependencies have the same upstream versions. */
	bool (*has_same)(const struct packages_field *depends, const struct packages *a, const struct packages *b);
	/* packages_owns() for the package of the paragraph at. */
	int (*owns)(const struct packages *packages, const char *at, const struct packages_file *file);
};

extern const struct packages_format packages_dpkg, packages_apk;

/* -ENOENT if the file is missing or unreadable. */
int packages_read_file(const struct tool_root *root, const char *path, size_t limit, struct buf *out);
/* Finds a field of the first paragraph of text; of a multiline field, its first line. */
bool packages_find_field(const char *text, const char *name, struct packages_field *ret);
bool packages_is_word(const struct packages_field *field, const char *word);
/* Also true if a does not have the package: an alternative. */
bool packages_has_same_upstream(const struct packages *a, const struct packages *b, const char *name);
