/* SPDX-License-Identifier: MIT */
/* THE table of tools that can run natively: paths on this machine and in the root, and conditions. */
#pragma once

#include "accel/identity.h"
#include "accel/packages.h"
#include "arch/arch.h"
#include "base/buf.h"

/* GCC's versions, as in its paths since version 5. */
enum { TOOL_VERSION_OLDEST = 5, TOOL_VERSION_NEWEST = 40 };

struct tool_kind {
	const char *name;
	const char *native[2]; /* path here; %T: the GNU triplet, %V: GCC's version as in its paths; the first that
				  exists */
	const char *twins[2];  /* in the root; the first that exists */
	const char *file;      /* path below the directory of native tools */
	enum identity_kind identity;
	bool has_target; /* contains the name of its target */
	bool is_plugin;
	bool wants_plugin; /* reads LTO objects by a plugin: not if the root has the plugin and the tools do not */
	bool wants_same_numbers; /* only if the root's numbers have this machine's width and byte order */
	const char *package;	 /* Debian's package of it; for IDENTITY_PACKAGE, also in the root */
	/*
	 * Words of entry/rules.h with the same placeholders, NULL at the end. Prefix '!': only if those numbers differ;
	 * "~ARCH:": only for that architecture.
	 */
	const char *const *rules;
};

/* Ends with a zeroed row. */
extern const struct tool_kind tool_kinds[];
/* Whether a tool compiles; else every system has it, and package and version identify it. */
bool tool_compiles(const struct tool_kind *kind);
/* Whether it may run natively in roots of an architecture, judged by the numbers of CPU and kernel. */
bool tool_fits(const struct tool_kind *kind, const struct arch *arch);
/* Whether an architecture's numbers have this machine's width and byte order. */
bool tool_has_same_numbers(const struct arch *arch);
/* Whether there is one for each version of GCC. */
bool tool_is_versioned(const struct tool_kind *kind);
/* Appends pattern with its placeholders replaced. %P: the directory of native tools in the root. */
void tool_expand(struct buf *out, const char *pattern, const char *triplet, const char *version, const char *place);
/* Appends the name of its Debian package. */
void tool_package(struct buf *out, const struct tool_kind *kind, const char *triplet);
/*
 * For a tool that does not compile: its package and version, if the open file is the package's. 1; 0 if it is not, or
 * without records; -errno.
 */
int tool_read_package(const struct tool_kind *kind, const struct packages *packages, const struct tool_root *root,
	int fd, struct identity *ret);
