/* SPDX-License-Identifier: MIT */
/* What a dynamic ELF file wants of its loader: libraries, where to look for them, versions of their symbols. */
#pragma once

#include "base/defs.h"

/* The version of a symbol that is wanted, and of which library. */
struct dynamic_want {
	char *file, *version; /* file: vn_file of the ELF specification */
};

/* Text is owned; dynamic_done() frees. A zeroed one is of a file that wants nothing. */
struct dynamic {
	char **needed; /* DT_NEEDED, in its order */
	size_t n_needed;
	char *path; /* DT_RUNPATH, else DT_RPATH; NULL for none */
	struct dynamic_want *wants;
	size_t n_wants;
	char **defines; /* versions that the file itself has */
	size_t n_defines;
};

/*
 * Reads an open ELF file by its program headers, as the loader does (gABI, "Dynamic Section"; Linux Standard Base,
 * "Symbol Versioning"). What is malformed ends the reading; what was found before stays. 0; -EBADMSG where it has no
 * dynamic section that can be followed, or needs a library whose name cannot be read. dynamic_done() frees in any case.
 */
int dynamic_read(int fd, struct dynamic *ret);
void dynamic_done(struct dynamic *dynamic);
