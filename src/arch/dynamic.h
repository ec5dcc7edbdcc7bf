/* SPDX-License-Identifier: MIT */
/* What a dynamic ELF file requires from its loader: libraries, a search path, symbol versions. */
#pragma once

#include "base/defs.h"

/* A required symbol version, and its library. */
struct dynamic_want {
	char *file, *version; /* file: vn_file of the ELF specification */
};

/* Text is owned; dynamic_done() frees it. Zeroed: no requirements. */
struct dynamic {
	char **needed; /* DT_NEEDED, in its order */
	size_t n_needed;
	char *path;	 /* DT_RUNPATH, else DT_RPATH; NULL for none */
	bool is_runpath; /* it is DT_RUNPATH, which holds for this file's own libraries only (ld.so(8)) */
	struct dynamic_want *wants;
	size_t n_wants;
	char **defines; /* versions that the file defines */
	size_t n_defines;
};

/*
 * Reads an open ELF file through its program headers, as the loader does (gABI, "Dynamic Section"; Linux Standard Base,
 * "Symbol Versioning"). Stops at malformed data and keeps what was found before. 0, or -EBADMSG if it has no usable
 * dynamic section or the name of a needed library cannot be read. Call dynamic_done() in any case.
 */
int dynamic_read(int fd, struct dynamic *ret);
void dynamic_done(struct dynamic *dynamic);
