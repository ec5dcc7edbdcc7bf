/* SPDX-License-Identifier: MIT */
/* Checks whether the loader finds a dynamic program's libraries, their libraries, and symbol versions. */
#pragma once

#include "arch/name.h"
#include "base/buf.h"

/* Where a program would run. */
struct libraries_place {
	int root;	    /* a directory, as after chroot; -1 for this machine */
	const char *prefix; /* where an emulator looks first; NULL: nowhere */
	const char *loader; /* the program's ELF interpreter */
};

/* What is missing first, as clauses; empty if all is found, or if only the loader could determine it. */
struct libraries_missing {
	struct buf file;   /* a library, or a version of its symbols */
	struct buf symbol; /* which no library has */
	bool is_early;	   /* the program needs that symbol to start, not only where it calls it */
};

/* Executes nothing. ret is owned by the caller. */
void libraries_check(const struct libraries_place *place, const char *path, const struct platform *platform,
	struct libraries_missing *ret);
