/* SPDX-License-Identifier: MIT */
/* Whether the loader finds what a dynamic program wants: its libraries, theirs, and versions of their symbols. */
#pragma once

#include "arch/name.h"
#include "base/buf.h"

/* Where a program would be run. */
struct libraries_place {
	int root;	    /* a directory as after chroot; -1 for this machine */
	const char *prefix; /* where an emulator looks first; NULL for nowhere */
	const char *loader; /* the program's ELF interpreter */
};

/*
 * Appends to ret_missing what is not there, as a clause that names who needs it; nothing when all is found, or when it
 * cannot be told without starting the loader. Nothing is executed.
 */
void libraries_check(const struct libraries_place *place, const char *path, const struct platform *platform,
	struct buf *ret_missing);
