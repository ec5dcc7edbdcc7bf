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

/*
 * Appends to ret_missing, as a clause, the first missing file and what needs it; nothing if all is found, or if only
 * the loader could determine it. Executes nothing.
 */
void libraries_check(const struct libraries_place *place, const char *path, const struct platform *platform,
	struct buf *ret_missing);
