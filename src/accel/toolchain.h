/* SPDX-License-Identifier: MIT */
/* The native tools for a foreign root: the distribution's cross tools, with all that they need to run anywhere. */
#pragma once

#include "accel/packages.h"
#include "accel/tools.h"
#include "arch/name.h"
#include "base/digest.h"
#include "base/json.h"

enum {
	TOOLCHAIN_FILES_MAX = 256,
	TOOLCHAIN_TOOLS_MAX = 192,
	TOOLCHAIN_FILE_MAX = 60 * 1024 * 1024, /* of one file: it is read whole */
	TOOLCHAIN_TRIPLET_MAX = 48,
};

#define TOOLCHAIN_LOADER   "lib/loader"
#define TOOLCHAIN_MANIFEST "toolchain.json"
#define TOOLCHAIN_FOLDERS  "lib", "bin", "plugins"

/* A file of the directory: a program, a library, the loader. */
struct toolchain_file {
	char *name;   /* below the directory: "bin/cc1-12", "lib/libc.so.6" */
	char *source; /* where it is read from, below dir */
	uint64_t size;
	char digest[DIGEST_TEXT]; /* "" until toolchain_digest() */
};

struct toolchain_tool {
	const struct tool_kind *kind;
	char version[8]; /* of its path: "12"; "" where there is one for all */
	size_t file;	 /* its index */
	struct identity identity;
};

struct toolchain {
	struct platform platform;
	char triplet[TOOLCHAIN_TRIPLET_MAX];
	int dir; /* sources are below it: a root of this machine's architecture, or a directory that was made before */
	struct tool_root root; /* of absolute sources */
	struct packages packages;
	struct toolchain_file files[TOOLCHAIN_FILES_MAX]; /* the loader first, libraries and programs */
	size_t n_files;
	struct toolchain_tool tools[TOOLCHAIN_TOOLS_MAX];
	size_t n_tools;
	struct buf missing; /* packages that would bring more, one a line */
};

#define TOOLCHAIN_INIT                                                                                                 \
	{                                                                                                              \
		.dir = -1                                                                                              \
	}
#define auto_toolchain auto_with(toolchain_done) struct toolchain

/*
 * Gathers what a root of this machine's architecture has for a platform ("/" is the machine itself): Debian's cross
 * packages, and (unless only_compilers) the tools that every system has, as far as its records know them. Each file is
 * checked: whole, and a program for this machine. -ENOENT with the packages as a hint when there is none of them,
 * -EBADMSG when a file is not what it should be, -errno. It stays where it is: ret is not to be moved.
 */
int toolchain_gather(
	const char *root, const struct platform *platform, bool only_compilers, struct toolchain *ret, struct err *e);
/*
 * Opens a directory that toolchain_write() made: nothing in it is believed. Its files are regular, below it without
 * links, and have the digests of its manifest. -EBADMSG, -ENOENT.
 */
int toolchain_open(const char *path, struct toolchain *ret, struct err *e);
/*
 * Writes the tools, their libraries and the manifest into a new directory: the same bytes for the same packages.
 * -EEXIST when something is there; nothing is left on failure.
 */
int toolchain_write(struct toolchain *toolchain, const char *path, struct err *e);
void toolchain_done(struct toolchain *toolchain);
/* The file's bytes, read-only. The descriptor, or -errno with e set. */
int toolchain_open_file(const struct toolchain *toolchain, size_t file, struct err *e);
/* Finds the digest of each file that has none: of what is written down. 0 or -errno with e set. */
int toolchain_digest(struct toolchain *toolchain, struct err *e);
/* Whether a file is a library or the loader, which every tool needs. */
bool toolchain_is_shared(const struct toolchain *toolchain, size_t file);
/* The manifest as it is written; of the files that keep has a true for, NULL: all. */
struct json *toolchain_manifest(const struct toolchain *toolchain, const bool *keep);
/* Opens a file as after chroot to an open directory: a tool_root whose context is its descriptor. */
int toolchain_open_beneath(void *directory, const char *path, struct stat *st);
