/* SPDX-License-Identifier: MIT */
/* Finds the tools of a root that have an identical native one, and makes the entry stub's index of them. */
#pragma once

#include <sys/stat.h>

#include "accel/toolchain.h"
#include "emulator/entry/layout.h"

enum twin_verdict {
	TWIN_EQUAL = 0,
	TWIN_ABSENT,  /* not in the root */
	TWIN_OTHER,   /* another version, or another vendor's */
	TWIN_FOREIGN, /* for another platform than the root */
	TWIN_UNKNOWN, /* cannot be determined, or not recognized later */
	TWIN_ALONE,   /* a tool that it needs is not equal */
	TWIN_CHANGED, /* changed since its package was installed, or with other libraries */
	TWIN_NUMBERS, /* its output depends on the width and order of the machine's numbers, which differ */
	TWIN_LACKING, /* a compiler that the toolchain does not have */
	TWIN_AWAITED, /* a compiler that runs natively if its equal is installed in the root later */
};
/* "equal", "absent", ..., by enum twin_verdict. */
extern const char *const twin_words[];

struct twin {
	const struct tool_kind *kind;
	const struct toolchain_tool *tool; /* NULL: TWIN_LACKING */
	char version[8];		   /* GCC's version in its path, as of the tool */
	enum twin_verdict verdict;
	char path[128];		  /* in the root */
	struct identity identity; /* of the root's program */
	uint64_t size;
	int64_t mtime;
	uint64_t id_at;
	uint8_t id[ENTRY_ID_MAX];
	size_t id_len;
};

struct twins {
	/* One for each tool of the toolchain, in its order, then the compilers of the root that it lacks. */
	struct twin list[TOOLCHAIN_TOOLS_MAX + 32];
	size_t n, n_equal;
	const struct toolchain *toolchain;
};

/*
 * Compares each tool with its twin in the root: a program for the platform, of the same upstream version, vendor and
 * target, with a build ID to recognize it by. 0, or -errno with e set if the root cannot be read.
 */
int twins_find(const struct toolchain *toolchain, const struct tool_root *root, struct twins *ret, struct err *e);
/* Whether it is equal or awaited. */
bool twin_is_used(const struct twin *twin);
/* Whether the equal and the awaited tools need a file of the toolchain. */
bool twins_need(const struct toolchain *toolchain, const struct twins *twins, size_t file);
/* Whether any of those files is in this folder of the toolchain. */
bool twins_has_folder(const struct toolchain *toolchain, const struct twins *twins, const char *folder);
/* Appends the index (entry/layout.h) for tools in the directory place of the root. 0, -E2BIG. */
int twins_index(const struct toolchain *toolchain, const struct twins *twins, const char *place, struct buf *out);
/* Appends the manifest of the equal tools, each with its twin's identity, and what twins_json() sets. 0, -errno. */
int twins_manifest(const struct toolchain *toolchain, const struct twins *twins, struct buf *out);
/* Appends "as ld.bfd run natively; emulated: lto1 (REASON); natively once installed: cc1". */
void twins_say(struct buf *out, const struct twins *twins);
/* Sets "accelerated" and "emulated". */
void twins_json(struct json *object, const struct twins *twins);
/* -EBADMSG, with the reasons, if no tool is equal. */
int twins_check(const struct twins *twins, struct err *e);
/* The manifest in a root, not compared with the files; owned. NULL: none. */
struct json *twins_read(const struct tool_root *root);
