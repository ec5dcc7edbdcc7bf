/* SPDX-License-Identifier: MIT */
/* THE table of tools that can run natively: where each lies, here and in the root, and what must be so. */
#pragma once

#include "accel/identity.h"
#include "accel/packages.h"
#include "arch/arch.h"
#include "base/buf.h"

/* GCC's, as they are in its paths since version 5. */
enum { TOOL_VERSION_OLDEST = 5, TOOL_VERSION_NEWEST = 40 };

struct tool_kind {
	const char *name;
	const char *native;   /* %T: the GNU triplet, %V: GCC's version as in its paths */
	const char *twins[2]; /* in the root; the first that is there */
	const char *file;     /* below the directory of native tools */
	enum identity_kind identity;
	bool has_target; /* says for which target it is made */
	bool is_plugin;
	bool wants_plugin; /* would not know objects of LTO without it: not where the root has it and we have not */
	bool wants_same_numbers; /* only where the root's numbers have the width and byte order of this machine's */
	const char *package;	 /* of Debian, in which it comes; for IDENTITY_PACKAGE, in the root as well */
	/*
	 * Words of entry/rules.h with the same placeholders, NULL at the end. Before one '!': only where those numbers
	 * differ;
	 * "~ARCH:": only there, and where the packages are not of one revision.
	 */
	const char *const *rules;
};

/* Ends with a zeroed one. */
extern const struct tool_kind tool_kinds[];
/* Whether a tool compiles; else it is one that every system has, and that package and version tell. */
bool tool_compiles(const struct tool_kind *kind);
/* Whether it may run natively in roots of an architecture, by its numbers and those of its kernel. */
bool tool_fits(const struct tool_kind *kind, const struct arch *arch);
/* Whether numbers have the width and byte order of this machine's. */
bool tool_has_same_numbers(const struct arch *arch);
/* A tool of GCC is there once for each of its versions. */
bool tool_is_versioned(const struct tool_kind *kind);
/* Appends pattern with its placeholders filled in. %P: where native tools lie in the root. */
void tool_expand(struct buf *out, const char *pattern, const char *triplet, const char *version, const char *place);
/* Debian's package name for one. */
void tool_package(struct buf *out, const struct tool_kind *kind, const char *triplet);
/*
 * Of a tool that does not compile: its package and the package's version, where the open file is what the package
 * brought. 1, 0 when it is not, or there are no records; -errno.
 */
int tool_read_package(const struct tool_kind *kind, const struct packages *packages, const struct tool_root *root,
	int fd, struct identity *ret);
