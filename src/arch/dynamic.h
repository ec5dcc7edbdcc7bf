/* SPDX-License-Identifier: MIT */
/* What a dynamic ELF file requires from its loader: libraries, a search path, symbol versions. */
#pragma once

#include "base/defs.h"

/* A symbol version that the file requires of a library, or defines. */
struct dynamic_version {
	char *file, *version;  /* file: vn_file of the ELF specification; NULL if defined */
	uint16_t index, flags; /* index: by which symbols name it; flags: VER_FLG_* */
};

/* Text is owned; dynamic_done() frees it. Zeroed: no requirements. */
struct dynamic {
	char **needed; /* DT_NEEDED, in its order */
	size_t n_needed;
	char *path;	 /* DT_RUNPATH, else DT_RPATH; NULL for none */
	bool is_runpath; /* it is DT_RUNPATH, which holds for this file's own libraries only (ld.so(8)) */
	struct dynamic_version *wants, *defines;
	size_t n_wants, n_defines;
};

/*
 * Reads an open ELF file through its program headers, as the loader does (gABI, "Dynamic Section"; Linux Standard Base,
 * "Symbol Versioning"). Stops at malformed data and keeps what was found before. 0, or -EBADMSG if it has no usable
 * dynamic section or the name of a needed library cannot be read. Call dynamic_done() in any case.
 */
int dynamic_read(int fd, struct dynamic *ret);

enum dynamic_use {
	DYNAMIC_UNUSED = 0,
	DYNAMIC_LAZY, /* the loader looks for it when it is first called */
	DYNAMIC_EARLY /* before the program starts */
};

struct dynamic_symbol {
	const char *name, *version; /* version: NULL for none */
	bool is_defined, is_weak, is_data;
	enum dynamic_use use; /* by relocations of the file itself */
};

/* The dynamic symbol table. Zeroed: empty; dynamic_symbols_done() frees. */
struct dynamic_symbols {
	struct dynamic_symbol *list;
	size_t n;
	char *text; /* the names */
	struct dynamic versions;
};

/*
 * Reads the symbols of an open ELF file, and how its relocations use them; with is_now, none is lazy. 0, or -EBADMSG
 * without symbols: malformed, over a limit, or of a machine that relocates in another way (MIPS).
 */
int dynamic_symbols_read(int fd, bool is_now, struct dynamic_symbols *ret);
void dynamic_symbols_done(struct dynamic_symbols *symbols);
void dynamic_done(struct dynamic *dynamic);
