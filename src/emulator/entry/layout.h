/* SPDX-License-Identifier: MIT */
/* The index of native tools: which programs of a root they replace. Read by the entry stub. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Directories that the stub reads: "anyarch run" mounts the first; roots and images contain the second. */
#define ENTRY_PLACE_RUN	 "/dev/.anyarch"
#define ENTRY_PLACE_ROOT "/usr/lib/anyarch/native"
#define ENTRY_INDEX	 "/index"
/* Environment variable: 0 emulates everything, cc everything except compilers. */
#define ENTRY_SWITCH "ANYARCH_ACCELERATE"

#define ENTRY_INDEX_MAGIC "anyNATI4"

enum {
	ENTRY_TOOLS_MAX = 256,
	ENTRY_FILES_MAX = 128,
	ENTRY_SIZE_MAX = 128 * 1024,
	ENTRY_ID_MAX = 24,
};

/*
 * In the byte order of the machine that runs it. Texts are offsets from the start of the file and end with NUL, as does
 * the file.
 */
struct entry_index {
	char magic[8];
	uint32_t size; /* of the file */
	uint32_t n_tools, n_files;
	uint32_t loader;    /* path of the native dynamic loader */
	uint32_t libraries; /* path of the directory with its libraries */
	uint32_t is_musl;   /* the loader is musl's, which uses no cache */
			    /* struct entry_tool[n_tools] sorted by size, struct entry_file[n_files], texts */
};

enum entry_kind {
	ENTRY_PROGRAM = 0,
	ENTRY_PLUGIN, /* of the linker: replaces an argument of a program */
};

/*
 * A program of the root, and the native tool that runs instead as long as the program is unchanged. If size is 0, the
 * root did not have it yet: it is recognized by its package, like the programs that were compared.
 */
struct entry_tool {
	uint64_t size;	      /* of the root's program */
	int64_t mtime;	      /* in seconds */
	uint64_t native_size; /* of the tool */
	uint32_t path, native;
	uint32_t rules;		/* words (entry/rules.h), the last one empty */
	uint32_t kind;		/* enum entry_kind */
	uint32_t id_at, id_len; /* file offset and length of its build ID */
	uint8_t id[ENTRY_ID_MAX];
	uint32_t package;  /* text in the file at proof: "(Debian 12.2.0" */
	uint32_t revision; /* what follows in the native tool's package: "-14) "; "": nothing else may follow */
	uint32_t proof;	   /* path */
	uint32_t is_other_revision;
};

/* What every tool needs: the loader, libraries, and the directories that contain them and the tools. */
struct entry_file {
	uint64_t size;
	uint32_t path;
	uint32_t is_folder; /* a directory that only root can change, without subdirectories */
};

/* Whether size bytes are an index that contains its lists. Offsets of texts are not checked. */
static inline bool entry_index_is_good(const struct entry_index *index, uint64_t size)
{
	const char *magic = ENTRY_INDEX_MAGIC;

	if (size <= sizeof(*index) || size > ENTRY_SIZE_MAX || index->size != size || ((const char *)index)[size - 1])
		return false;
	for (unsigned i = 0; i < sizeof(index->magic); i++)
		if (index->magic[i] != magic[i])
			return false;
	return index->n_tools <= ENTRY_TOOLS_MAX && index->n_files <= ENTRY_FILES_MAX &&
	       sizeof(*index) + index->n_tools * sizeof(struct entry_tool) +
			       index->n_files * sizeof(struct entry_file) <
		       size;
}

/* The start of the stub, which identifies it: a jump, a magic, and the emulator's entry relative to here. */
#define ENTRY_STUB_MAGIC "anyarch entry 1"

struct entry_stub {
	uint8_t jump[16];
	char magic[16];
	int64_t own_entry;
};
