/* SPDX-License-Identifier: MIT */
/* The entries of a layer, in a hash table by path. */
#pragma once

#include "base/digest.h"
#include "emulator/content.h"
#include "image/bundle.h"

enum {
	LAYER_ENTRIES_MAX = 4 * 1000 * 1000,
	LAYERS_MEMORY_MIN = 16 * 1024 * 1024,  /* limit for all layers in memory, in addition to their stored size */
	LAYERS_MEMORY_MAX = 384 * 1024 * 1024, /* upper bound of that limit */
	LAYER_CAPTURE_MAX = 48 * 1024 * 1024,  /* of a program, in memory */
};

enum layer_kind {
	LAYER_FILE = 0,
	LAYER_DIRECTORY,
	LAYER_SYMLINK,
	LAYER_HARDLINK, /* to a member of the same layer */
	LAYER_OTHER,	/* device, FIFO */
	LAYER_WHITEOUT, /* ".wh.NAME" or ".wh..wh..opq", stored under that name */
};

#define LAYER_WHITEOUT_PREFIX ".wh."
#define LAYER_OPAQUE_NAME     ".wh..wh..opq"

/* Strings are offsets into the layer's arena; 0: none. Entries are small, as an image may have millions. */
struct layer_entry {
	uint32_t path, link; /* link: target of a symlink verbatim, of a hard link normalized */
	uint32_t more;	     /* offset of a struct layer_directory or layer_program; 0: none */
	uint32_t kind;	     /* enum layer_kind */
};

/* Attributes of a directory that has an entry of its own in the tar. */
struct layer_directory {
	uint64_t mode, uid, gid;
	int64_t mtime;
	uint32_t records, records_len; /* PAX records: extended attributes, fractional mtime */
};

/* An ELF file. */
struct layer_program {
	struct elf_head head;
	struct platform platform;
	uint64_t size;
	bool is_known;		     /* platform was determined from the whole file */
	bool is_looked_into;	     /* the whole file was examined */
	bool is_wanted;		     /* layer_look_again() is to examine it */
	const struct arch *emulates; /* NULL: not an emulator */
	uint32_t version, digest;    /* of an emulator */
	uint32_t refused;	     /* what emulator_check() says against it; "": nothing */
};

/* A layer in memory; layer_done() frees. Paths have no leading slash, no "." and no ".."; the root is "". */
struct layer {
	struct layer_entry *entries;
	size_t n, cap;
	char *arena; /* texts and details */
	size_t used, room;
	size_t held;	 /* bytes counted against LAYERS_MEMORY_MAX */
	uint32_t *table; /* hash table: 1 + index of the last entry for a path */
	size_t slots;
	const char *codec;
	char system[CONTENT_TEXT_MAX];	  /* PRETTY_NAME, if the layer has os-release */
	bool has_whiteouts, has_blockers; /* it has whiteouts, non-directories: these hide entries of lower layers */
	struct err err;
	bool has_failed;
};

void layer_done(struct layer *layer);
/* The last entry for a path in this layer, or NULL. */
const struct layer_entry *layer_find(const struct layer *layer, const char *path, size_t len);
/* Details of a directory or program, or NULL. Valid until text or details are added. */
const struct layer_directory *layer_directory(const struct layer *layer, const struct layer_entry *entry);
const struct layer_program *layer_program(const struct layer *layer, const struct layer_entry *entry);
void layer_set_program(struct layer *layer, const struct layer_entry *entry, const struct layer_program *program);

/*
 * Incremental lookup: hashing all prefixes of a path costs no more than hashing the path. layer_hash() continues from
 * the hash of the preceding text (LAYER_HASH_START: none). The pieces of a key are concatenated without slashes.
 */
#define LAYER_HASH_START 0
struct layer_key {
	const char *text[4];
	size_t len[4];
	size_t n;
};
uint64_t layer_hash(uint64_t before, const char *text, size_t len);
const struct layer_entry *layer_find_key(const struct layer *layer, uint64_t hash, const struct layer_key *key);
static inline const char *layer_text(const struct layer *layer, uint32_t at)
{
	return layer->arena + at;
}

/*
 * Functions to build a layer. A later entry replaces an earlier one of the same path, as when unpacking; missing
 * parents are added as directories. The others return the offset of a text, or of a struct for layer_entry.more. 0, or
 * -E2BIG over a limit.
 */
int layer_add(struct layer *layer, const char *path, const char *link, struct layer_entry entry);
int layer_add_text(struct layer *layer, const char *text, size_t len, uint32_t *ret);
int layer_add_detail(struct layer *layer, const void *detail, size_t size, uint32_t *ret);
/* Raises the memory limit by the stored size of layers to be read. */
void layer_allow(uint64_t stored);
/* Frees unused capacity of a complete layer. */
void layer_fit(struct layer *layer);
