/* SPDX-License-Identifier: MIT */
/* What a layer holds, read once from its tar without unpacking it. */
#pragma once

#include "emulator/content.h"
#include "image/bundle.h"

enum {
	LAYER_ENTRIES_MAX = 4 * 1000 * 1000,
	LAYERS_MEMORY_MAX = 384 * 1024 * 1024, /* of all layers that are held at once */
	LAYER_CAPTURE_MAX = 64 * 1024 * 1024, /* the largest program that is looked into */
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

struct layer_attributes {
	unsigned mode;
	uint64_t uid, gid;
	int64_t mtime;
};

/* Names are offsets into the layer's arena. */
struct layer_entry {
	uint32_t path, link; /* link: of symlinks as it stands, of hard links normalised; else 0 */
	enum layer_kind kind;
	bool has_attributes; /* of a directory: not only its members tell of it */
	bool is_elf;
	bool is_known;	/* platform was read from the whole file */
	bool is_usable; /* of an emulator: emulator_check() has nothing against it */
	union {
		struct layer_attributes attributes; /* of a directory */
		struct {			    /* of an ELF file */
			struct elf_head head;
			struct platform platform;
			const struct arch *emulates; /* with the version at link */
		};
	};
};

/* A read layer; layer_free() frees. Paths have no leading slash, no "." and no ".."; the root is "". */
struct layer {
	struct layer_entry *entries;
	size_t n, cap;
	char *arena;
	size_t used, room;
	size_t held; /* of LAYERS_MEMORY_MAX */
	uint32_t *table; /* of the last entry for a path */
	size_t slots;
	const char *codec;
	char system[CONTENT_TEXT_MAX]; /* PRETTY_NAME, where this layer has os-release */
	bool has_whiteouts, has_blockers; /* entries that hide what is below them */
	unsigned long odd; /* names with "..", passed over */
	struct err err;
	bool has_failed;
};

/*
 * Reads one layer from a member of the image, whatever it is compressed with. Programs whose names tell
 * that they matter (shells, package managers, emulators) are looked into on the way. -EBADMSG, -E2BIG.
 */
int layer_read(const struct member *member, struct layer *ret, struct err *e);
/* Reads several at once, side by side on the cores there are; each has its own err. */
void layer_read_all(const struct member *members, struct layer *layers, size_t n);
void layer_done(struct layer *layer);
/* The last entry for a path of this layer; NULL. */
const struct layer_entry *layer_find(const struct layer *layer, const char *path, size_t len);

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
const struct layer_entry *layer_find_key(const struct layer *layer, uint64_t hash,
	const struct layer_key *key);
static inline const char *layer_text(const struct layer *layer, uint32_t at)
{
	return layer->arena + at;
}
