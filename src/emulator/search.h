/* SPDX-License-Identifier: MIT */
/* Finds emulators by the directories and names of Debian, Fedora, Alpine and multiarch. */
#pragma once

#include "base/buf.h"
#include "emulator/emulator.h"

enum { SEARCH_DIRS_MAX = 32 };

/* Strings are borrowed from the caller. A zeroed search uses the usual places. */
struct search {
	const char *root;		   /* prefix for every directory, "" or NULL for none */
	const char *dirs[SEARCH_DIRS_MAX]; /* instead of the usual directories, if n_dirs */
	size_t n_dirs;
	const char *files[ARCH_COUNT_MAX]; /* --emulator: path given for n-th arch below */
	const struct arch *file_arch[ARCH_COUNT_MAX];
	size_t n_files;
	const char *prefix, *suffix; /* exact name PREFIXqemu-ARCHSUFFIX instead of the usual ones */
};

/*
 * Finds and opens the first usable emulator for arch. Appends rejected candidates and why to passed (may be NULL), a
 * line each. -ENOENT if there is none, -EBADMSG if none of those found is usable (e names the first and why).
 */
int search_emulator(
	const struct search *search, const struct arch *arch, struct emulator *ret, struct buf *passed, struct err *e);

/* Whether there is a usable emulator for any architecture, including those that the machine runs natively. */
bool search_finds_any(const struct search *search);
