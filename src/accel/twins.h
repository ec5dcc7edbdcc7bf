/* SPDX-License-Identifier: MIT */
/* Which tools of a root have a native one that is equal, and the index by which the entry stub knows them. */
#pragma once

#include <sys/stat.h>

#include "accel/toolchain.h"
#include "emulator/entry/layout.h"

enum twin_verdict {
	TWIN_EQUAL = 0,
	TWIN_ABSENT,  /* the root has none */
	TWIN_OTHER,   /* another version, or another vendor's */
	TWIN_FOREIGN, /* for another platform than the root */
	TWIN_UNKNOWN, /* cannot be told, or cannot be known again */
	TWIN_ALONE,   /* what it needs to be equal is not */
	TWIN_CHANGED, /* not as its package brought it, or with other libraries */
	TWIN_NUMBERS, /* what it writes depends on the width and order of the machine's numbers, which differ */
	TWIN_LACKING, /* a compiler, and the toolchain has none for it */
};
/* "equal", "absent", … by enum twin_verdict. */
extern const char *const twin_words[];

struct twin {
	const struct tool_kind *kind;
	const struct toolchain_tool *tool; /* NULL: TWIN_LACKING */
	char version[8];		   /* of its path, as the tool has it */
	enum twin_verdict verdict;
	char path[128];		  /* in the root */
	struct identity identity; /* of what is there */
	uint64_t size;
	int64_t mtime;
	uint64_t id_at;
	uint8_t id[ENTRY_ID_MAX];
	size_t id_len;
};

struct twins {
	struct twin list[TOOLCHAIN_TOOLS_MAX + 32]; /* one for each tool of the toolchain, in its order; then lacking */
	size_t n, n_equal;
	const struct toolchain *toolchain;
};

/*
 * Looks at each tool's twin in the root: a program for the platform, of the same upstream version, vendor and target,
 * with a build ID by which it is known again. 0, or -errno with e set when the root cannot be read.
 */
int twins_find(const struct toolchain *toolchain, const struct tool_root *root, struct twins *ret, struct err *e);
/* Whether a file of the toolchain is needed for those that are equal. */
bool twins_need(const struct toolchain *toolchain, const struct twins *twins, size_t file);
/* Whether any of those files is in this folder of the toolchain. */
bool twins_has_folder(const struct toolchain *toolchain, const struct twins *twins, const char *folder);
/* The index (entry/layout.h) for tools that lie in a directory of this path in the root. 0, -E2BIG. */
int twins_index(const struct toolchain *toolchain, const struct twins *twins, const char *place, struct buf *out);
/*
 * What is there, as a document: the toolchain's manifest of the tools that are equal, each with its twin's identity,
 * and what twins_json() sets. 0, -errno.
 */
int twins_manifest(const struct toolchain *toolchain, const struct twins *twins, struct buf *out);
/* "cc1 as ld.bfd run natively; lto1 stays emulated (left alone)". */
void twins_say(struct buf *out, const struct twins *twins);
/* Sets "accelerated" and "emulated". */
void twins_json(struct json *object, const struct twins *twins);
/* -EBADMSG when none of them is equal, with what stands against it. */
int twins_check(const struct twins *twins, struct err *e);
/* The document that a root has of its native tools, which nobody has compared with them; owned. NULL: there is none. */
struct json *twins_read(const struct tool_root *root);
