/* SPDX-License-Identifier: MIT */
/* What a layer holds: paths, quickly found. */
#pragma once

#include "base/digest.h"
#include "emulator/content.h"
#include "image/bundle.h"

enum {
	LAYER_ENTRIES_MAX = 4 * 1000 * 1000,
	LAYERS_MEMORY_MIN = 16 * 1024 * 1024,  /* of all layers that are held at once, besides their stored size */
	LAYERS_MEMORY_MAX = 384 * 1024 * 1024, /* of them at most */
	LAYER_CAPTURE_MAX = 64 * 1024 * 1024,  /* the largest program that is looked into */
};

enum layer_kind {
	LAYER_FILE = 0,
	LAYER_DIRECTORY,
	LAYER_SYMLINK,
	LAYER_HARDLINK, /* of the same layer */
	LAYER_OTHER,	/* device, FIFO */
	LAYER_WHITEOUT, /* ".wh.NAME" or ".wh..wh..opq", found under that name */
};

#define LAYER_WHITEOUT_PREFIX ".wh."
#define LAYER_OPAQUE_NAME     ".wh..wh..opq"

/* Texts are offsets into the layer's arena, 0 where there is none. An image has very many entries: they are small. */
struct layer_entry {
	uint32_t path, link; /* link: of symlinks as it stands, of hard links normalised */
	uint32_t more;	     /* 1 + its index in the layer's directories or programs; 0: nothing more is known */
	uint32_t kind;	     /* enum layer_kind */
};

/* What a directory's own entry says; there is none where only members tell of it. */
struct layer_directory {
	uint64_t mode, uid, gid;
	int64_t mtime;
	uint32_t records, records_len; /* PAX records: extended attributes, a time's fraction */
};

/* What is known of an ELF file. */
struct layer_program {
	struct elf_head head;
	struct platform platform;
	uint64_t size;
	bool is_known;		     /* platform was read from the whole file */
	bool is_looked_into;	     /* that was tried */
	bool is_wanted;		     /* layer_look_again() is to try it */
	bool is_usable;		     /* of an emulator: emulator_check() has nothing against it */
	const struct arch *emulates; /* NULL: it is no emulator */
	uint32_t version, digest;    /* of an emulator */
};

/* A read layer; layer_free() frees. Paths have no leading slash, no "." and no ".."; the root is "". */
struct layer {
	struct layer_entry *entries;
	size_t n, cap;
	struct layer_directory *directories;
	size_t n_directories, directories_cap;
	struct layer_program *programs;
	size_t n_programs, programs_cap;
	char *arena;
	size_t used, room;
	size_t held;	 /* of LAYERS_MEMORY_MAX */
	uint32_t *table; /* of the last entry for a path */
	size_t slots;
	const char *codec;
	char system[CONTENT_TEXT_MAX];	  /* PRETTY_NAME, where this layer has os-release */
	bool has_whiteouts, has_blockers; /* entries that hide what is below them */
	unsigned long odd;		  /* names with "..", passed over */
	struct err err;
	bool has_failed;
};

void layer_done(struct layer *layer);
/* The last entry for a path of this layer; NULL. */
const struct layer_entry *layer_find(const struct layer *layer, const char *path, size_t len);
/* What more is known of a directory, of a program; NULL. */
const struct layer_directory *layer_directory(const struct layer *layer, const struct layer_entry *entry);
const struct layer_program *layer_program(const struct layer *layer, const struct layer_entry *entry);

/*
 * The same in pieces, so that all prefixes of a path cost no more than the path: layer_hash() goes on from the
 * hash of what stands before (LAYER_HASH_START for nothing). A key's pieces follow each other without slashes.
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
 * For who makes a layer. A later entry of the same path takes the place of the earlier one, as unpacking would do;
 * parents that are not there become directories. Texts that are added have their place told; so have more facts of
 * directories and programs. 0, -E2BIG.
 */
int layer_add(struct layer *layer, const char *path, const char *link, struct layer_entry entry);
int layer_add_text(struct layer *layer, const char *text, size_t len, uint32_t *ret);
int layer_add_directory(struct layer *layer, const struct layer_directory *directory, uint32_t *ret);
int layer_add_program(struct layer *layer, const struct layer_program *program, uint32_t *ret);
/* Notes the stored size of a layer that is read: what may be held grows with it. */
void layer_allow(uint64_t stored);
/* Gives back the room for more. */
void layer_fit(struct layer *layer);
