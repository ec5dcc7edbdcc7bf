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
	char *source; /* where it is in its root: "/usr/lib/gcc-cross/aarch64-linux-gnu/12/cc1" */
	int fd;	      /* its bytes, where the root is not open any more; -1 */
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
	int dir; /* a root of this machine's architecture; -1: root has another context */
	struct tool_root root;
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

/* What is gathered. */
struct toolchain_request {
	const struct platform *platform; /* of the root that gets them */
	bool only_compilers;		 /* not those that every system has */
	bool is_set; /* not the machine itself: when there is a manifest, every file is as it says */
};
/*
 * Gathers what a root of this machine's architecture has: Debian's cross packages, and the tools that every system has,
 * as far as its records know them. Each file is checked: whole, and a program for this machine. What the root cannot
 * open yet (-EAGAIN) is passed over. -ENOENT with the packages as a hint when there is none of them, -EBADMSG when a
 * file is not what it should be, -errno.
 */
int toolchain_gather(
	const struct toolchain_request *request, const struct tool_root *root, struct toolchain *ret, struct err *e);
/* The same of a directory; "/" is the machine itself. It stays where it is: ret is not to be moved. */
int toolchain_gather_dir(
	const char *path, const struct toolchain_request *request, struct toolchain *ret, struct err *e);
/*
 * The same of the image for this machine in a file or a layout, by its name as on a command line; the first one where
 * there are several. Its files are held in memory.
 */
int toolchain_gather_image(
	const char *target, const struct toolchain_request *request, struct toolchain *ret, struct err *e);
/*
 * Writes the tools, their libraries and the manifest into a new directory, each where it was in its root: that can be
 * gathered again, and the same packages give the same bytes. -EEXIST when something is there; nothing is left on
 * failure.
 */
int toolchain_write(struct toolchain *toolchain, const char *path, struct err *e);
void toolchain_done(struct toolchain *toolchain);
/* The file's bytes, read-only. The descriptor, or -errno with e set. */
int toolchain_open_file(const struct toolchain *toolchain, size_t file, struct err *e);
/* Finds the digest of each file that has none: of what is written down. 0 or -errno with e set. */
int toolchain_digest(struct toolchain *toolchain, struct err *e);
/* Whether a file is a library or the loader, which every tool needs. */
bool toolchain_is_shared(const struct toolchain *toolchain, size_t file);
/*
 * The manifest of the files that keep has a true for, by their names where the stub finds them; NULL: of all, as they
 * are in their root.
 */
struct json *toolchain_manifest(const struct toolchain *toolchain, const bool *keep);
/* Opens a file as after chroot to an open directory: a tool_root whose context is its descriptor. */
int toolchain_open_beneath(void *directory, const char *path, struct stat *st);
