/* SPDX-License-Identifier: MIT */
/* The index that lies beside native tools: which programs of a root they stand for, as the entry stub reads it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Where the stub looks; the first is what "anyarch run" mounts, the second what is put into roots and images. */
#define ENTRY_PLACE_RUN	 "/dev/.anyarch"
#define ENTRY_PLACE_ROOT "/usr/lib/anyarch/native"
#define ENTRY_INDEX	 "/index"
/* In the environment of a program: 0 has everything emulated, cc all but what compiles. */
#define ENTRY_SWITCH "ANYARCH_ACCELERATE"

#define ENTRY_INDEX_MAGIC "anyNATI3"

enum {
	ENTRY_TOOLS_MAX = 256,
	ENTRY_FILES_MAX = 128,
	ENTRY_SIZE_MAX = 128 * 1024,
	ENTRY_ID_MAX = 24,
};

/*
 * In the byte order of the machine that runs it. Texts are offsets from the start of the file and end with NUL; so does
 * the file.
 */
struct entry_index {
	char magic[8];
	uint32_t size; /* of the file */
	uint32_t n_tools, n_files;
	uint32_t loader;    /* path of the native dynamic loader */
	uint32_t libraries; /* where it finds them: the path of a directory */
	uint32_t reserved;
	/* struct entry_tool[n_tools] by the size of the root's program, struct entry_file[n_files], texts */
};

enum entry_kind {
	ENTRY_PROGRAM = 0,
	ENTRY_PLUGIN, /* of the linker: stands for an argument of a program */
};

/* A program of the root, and what runs in its stead while it is the one that was looked at. */
struct entry_tool {
	uint64_t size;	      /* of the root's program */
	int64_t mtime;	      /* in seconds */
	uint64_t native_size; /* of the tool */
	uint32_t path, native;
	uint32_t rules;		/* words (entry/rules.h), the last one empty */
	uint32_t kind;		/* enum entry_kind */
	uint32_t id_at, id_len; /* its build ID in the file */
	uint8_t id[ENTRY_ID_MAX];
};

/* What every tool needs: the loader, libraries, and the folders that hold them and the tools. */
struct entry_file {
	uint64_t size;
	uint32_t path;
	uint32_t is_folder; /* only root can change it, and it has no folders in it */
};

/* Whether so many bytes are an index whose lists lie in it. What its texts lead to is not looked at. */
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

/*
 * How the stub begins, so that it is known again: a jump, a magic, where the emulator's own entry is, from here.
 */
#define ENTRY_STUB_MAGIC "anyarch entry 1"

struct entry_stub {
	uint8_t jump[16];
	char magic[16];
	int64_t own_entry;
};
