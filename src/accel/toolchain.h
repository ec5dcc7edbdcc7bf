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
	TOOLCHAIN_FILE_MAX = 60 * 1024 * 1024, /* of a file, which is read into memory */
	TOOLCHAIN_TRIPLET_MAX = 48,
};

#define TOOLCHAIN_LOADER   "lib/loader"
#define TOOLCHAIN_MANIFEST "toolchain.json"
#define TOOLCHAIN_FOLDERS  "lib", "bin", "plugins"

/* A file of the tools' directory: a program, a library, the loader. */
struct toolchain_file {
	char *name;   /* path below the directory: "bin/cc1-12", "lib/libc.so.6" */
	char *source; /* path in its root: "/usr/lib/gcc-cross/aarch64-linux-gnu/12/cc1" */
	int fd;	      /* its bytes, if the root has been closed; else -1 */
	uint64_t size;
	char digest[DIGEST_TEXT]; /* "" until toolchain_digest() */
};

struct toolchain_tool {
	const struct tool_kind *kind;
	char version[8]; /* GCC's version in its path: "12"; "" if unversioned */
	size_t file;	 /* index in files */
	struct identity identity;
};

struct toolchain {
	struct platform platform;
	char triplet[TOOLCHAIN_TRIPLET_MAX];
	int dir; /* a root of this machine's architecture; -1: root has its own context */
	struct tool_root root;
	struct packages packages;
	struct toolchain_file files[TOOLCHAIN_FILES_MAX]; /* the loader first, then programs and libraries */
	size_t n_files;
	bool is_musl; /* the loader, and so all programs */
	struct toolchain_tool tools[TOOLCHAIN_TOOLS_MAX];
	size_t n_tools;
	struct buf missing; /* packages that would add tools, one a line */
};

#define TOOLCHAIN_INIT                                                                                                 \
	{                                                                                                              \
		.dir = -1                                                                                              \
	}

/* What to gather. */
struct toolchain_request {
	const struct platform *platform; /* of the root that receives the tools */
	bool only_compilers;		 /* not the tools that every system has */
	bool is_set;			 /* not the machine itself: if there is a manifest, every file must match it */
};
/*
 * Gathers the tools of a root of this machine's architecture: Debian's cross packages, and the tools that every system
 * has, if its records know them. Checks that each file is complete and a program for this machine. Skips what the root
 * cannot open yet (-EAGAIN). -ENOENT, with the packages as a hint, if it has no tools; -EBADMSG for an unexpected file;
 * -errno.
 */
int toolchain_gather(
	const struct toolchain_request *request, const struct tool_root *root, struct toolchain *ret, struct err *e);
/* The same for a directory; "/" is the machine itself. ret must not be moved: it contains a pointer to itself. */
int toolchain_gather_dir(
	const char *path, const struct toolchain_request *request, struct toolchain *ret, struct err *e);
/*
 * The same for the image for this machine in a file or a layout, named as on a command line; the first of several. Its
 * files are held in memory.
 */
int toolchain_gather_image(
	const char *target, const struct toolchain_request *request, struct toolchain *ret, struct err *e);
/*
 * Writes the tools, their libraries and the manifest to a new directory, with the paths of their root: it can be
 * gathered again, and the same packages give the same bytes. -EEXIST if path exists; leaves nothing on failure.
 */
int toolchain_write(struct toolchain *toolchain, const char *path, struct err *e);
void toolchain_done(struct toolchain *toolchain);
/* Opens a file read-only. Returns the descriptor, or -errno with e set. */
int toolchain_open_file(const struct toolchain *toolchain, size_t file, struct err *e);
/* Computes missing digests, for the manifest. 0 or -errno with e set. */
int toolchain_digest(struct toolchain *toolchain, struct err *e);
/* Appends the path in a root of the program that the tool stands for: below /usr/libexec if the tool is, too. */
void toolchain_stands_for(const struct toolchain *toolchain, const struct toolchain_tool *tool, struct buf *out);
/* Whether a file is a library or the loader, which every tool needs. */
bool toolchain_is_shared(const struct toolchain *toolchain, size_t file);
/*
 * The manifest of the files selected by keep, with the names that the stub uses; NULL: of all, with their names in
 * their root.
 */
struct json *toolchain_manifest(const struct toolchain *toolchain, const bool *keep);
/* open() of a struct tool_root: context points to a directory's descriptor; opens as after chroot to it. */
int toolchain_open_beneath(void *directory, const char *path, struct stat *st);
