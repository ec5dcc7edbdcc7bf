// SPDX-License-Identifier: MIT
/* The entries of a layer, in a hash table by path. */
#include "image/layer.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "base/memory.h"

/*
 * A polynomial hash modulo a prime with a random multiplier per process: two names of length n collide for at most n
 * multipliers. (Modulo a power of two, some names collide for all of them.) It can continue from the hash of a prefix.
 */
static const uint64_t prime = ((uint64_t)1 << 61) - 1;

static uint64_t multiplier(void)
{
	static _Atomic uint64_t drawn;
	uint64_t value = drawn;

	if (!value) {
		if (getrandom(&value, sizeof(value), 0) != sizeof(value))
			value = 0x9e3779b97f4a7c15u;
		value = value % (prime - 1) + 1;
		if (!atomic_compare_exchange_strong(&drawn, &(uint64_t){ 0 }, value))
			value = drawn;
	}
	return value;
}

uint64_t layer_hash(uint64_t before, const char *text, size_t len)
{
	uint64_t m = multiplier();

	for (size_t i = 0; i < len; i++) {
		unsigned __int128 product = (unsigned __int128)(before + (uint8_t)text[i] + 1) * m;

		before = (uint64_t)(product & prime) + (uint64_t)(product >> 61);
		before = before >= prime ? before - prime : before;
	}
	return before;
}

/* Memory of all layers of this process: many small layers must not exceed the limit, either. */
static _Atomic size_t held;

/* Stored size of all layers: a small file must not cause large allocations. */
static _Atomic uint64_t stored_size;

void layer_allow(uint64_t stored)
{
	atomic_fetch_add(&stored_size, MIN_OF(stored, (uint64_t)LAYERS_MEMORY_MAX));
}

static bool hold(size_t more)
{
	uint64_t max = MIN_OF(LAYERS_MEMORY_MIN + stored_size, (uint64_t)LAYERS_MEMORY_MAX);

	if (atomic_fetch_add(&held, more) + more <= max)
		return true;
	atomic_fetch_sub(&held, more);
	return false;
}

/* Reserves len bytes of the arena at a multiple of align; *ret receives their offset. Offset 0 has the empty text. */
static int reserve(struct layer *layer, size_t len, size_t align, uint32_t *ret)
{
	size_t used = layer->used ? layer->used : 1, at = (used + align - 1) / align * align;
	size_t room = layer->room ? layer->room : 64 * 1024;

	while (room < at + len)
		room *= 2;
	if (room > layer->room) {
		if (!hold(room - layer->room))
			return -E2BIG;
		layer->held += room - layer->room;
		layer->arena = mem_grow(layer->arena, room, 1);
		layer->room = room;
	}
	layer->arena[0] = '\0';
	layer->used = at + len;
	*ret = (uint32_t)at;
	return 0;
}

int layer_add_text(struct layer *layer, const char *text, size_t len, uint32_t *ret)
{
	int r = reserve(layer, len + 1, 1, ret);

	if (r)
		return r;
	memcpy(layer->arena + *ret, text, len);
	layer->arena[*ret + len] = '\0';
	return 0;
}

int layer_add_detail(struct layer *layer, const void *detail, size_t size, uint32_t *ret)
{
	int r = reserve(layer, size, _Alignof(max_align_t), ret);

	if (!r)
		memcpy(layer->arena + *ret, detail, size);
	return r;
}

static bool is_key(const char *text, const struct layer_key *key)
{
	for (size_t i = 0; i < key->n; i++) {
		if (strncmp(text, key->text[i], key->len[i]))
			return false;
		text += key->len[i];
	}
	return !*text;
}

/* The high bits of the product are the best distributed ones. */
static size_t slot_of(const struct layer *layer, uint64_t hash, const struct layer_key *key)
{
	size_t slot = (hash >> 32 ^ hash >> 12) & (layer->slots - 1);

	for (; layer->table[slot]; slot = (slot + 1) & (layer->slots - 1))
		if (is_key(layer_text(layer, layer->entries[layer->table[slot] - 1].path), key))
			break;
	return slot;
}

static size_t slot_of_path(const struct layer *layer, const char *path, size_t len)
{
	struct layer_key key = { { path }, { len }, 1 };

	return slot_of(layer, layer_hash(LAYER_HASH_START, path, len), &key);
}

const struct layer_directory *layer_directory(const struct layer *layer, const struct layer_entry *entry)
{
	return entry->kind == LAYER_DIRECTORY && entry->more ? (const void *)(layer->arena + entry->more) : NULL;
}

const struct layer_program *layer_program(const struct layer *layer, const struct layer_entry *entry)
{
	return entry->kind == LAYER_FILE && entry->more ? (const void *)(layer->arena + entry->more) : NULL;
}

void layer_set_program(struct layer *layer, const struct layer_entry *entry, const struct layer_program *program)
{
	memcpy(layer->arena + entry->more, program, sizeof(*program));
}

const struct layer_entry *layer_find(const struct layer *layer, const char *path, size_t len)
{
	struct layer_key key = { { path }, { len }, 1 };

	return layer_find_key(layer, layer_hash(LAYER_HASH_START, path, len), &key);
}

const struct layer_entry *layer_find_key(const struct layer *layer, uint64_t hash, const struct layer_key *key)
{
	uint32_t found = layer->slots ? layer->table[slot_of(layer, hash, key)] : 0;

	return found ? &layer->entries[found - 1] : NULL;
}

/*
 * Makes room for more entries, and rebuilds the table with at least one free slot in three. Of several entries for a
 * path, it has the last one.
 */
static int grow(struct layer *layer)
{
	size_t more = layer->cap ? layer->cap : 64, slots = 64;

	if (layer->cap > LAYER_ENTRIES_MAX || !hold(more * sizeof(*layer->entries)))
		return -E2BIG;
	layer->held += more * sizeof(*layer->entries);
	layer->entries = mem_grow(layer->entries, layer->cap + more, sizeof(*layer->entries));
	layer->cap += more;
	while (slots < layer->cap + layer->cap / 2)
		slots *= 2;
	if (slots > layer->slots) {
		if (!hold((slots - layer->slots) * sizeof(*layer->table)))
			return -E2BIG;
		layer->held += (slots - layer->slots) * sizeof(*layer->table);
	}
	free(layer->table);
	layer->table = mem_new(slots, sizeof(*layer->table));
	layer->slots = slots;
	for (size_t i = 0; i < layer->n; i++) {
		const char *path = layer_text(layer, layer->entries[i].path);

		layer->table[slot_of_path(layer, path, strlen(path))] = (uint32_t)i + 1;
	}
	return 0;
}

static int add_one(struct layer *layer, const char *path, size_t len, const char *link, struct layer_entry entry)
{
	size_t slot;
	int r = layer->n == layer->cap ? grow(layer) : 0;

	if (!r)
		r = layer_add_text(layer, path, len, &entry.path);
	if (!r && link)
		r = layer_add_text(layer, link, strlen(link), &entry.link);
	if (r)
		return r;
	slot = slot_of_path(layer, path, len);
	layer->has_whiteouts |= entry.kind == LAYER_WHITEOUT;
	layer->has_blockers |= entry.kind != LAYER_WHITEOUT && entry.kind != LAYER_DIRECTORY;
	layer->entries[layer->n++] = entry;
	layer->table[slot] = (uint32_t)layer->n;
	return 0;
}

int layer_add(struct layer *layer, const char *path, const char *link, struct layer_entry entry)
{
	size_t len = strlen(path);
	int r = 0;

	/* Missing parents are directories: unpacking creates them, replacing any other file of a lower layer. */
	for (size_t at = len; !r && at;) {
		while (at && path[at - 1] != '/')
			at--;
		if (!at || layer_find(layer, path, --at))
			break;
		r = add_one(layer, path, at, NULL, (struct layer_entry){ .kind = LAYER_DIRECTORY });
	}
	return r ? r : add_one(layer, path, len, link, entry);
}

/* Shrinks an array to n items. Returns its new address. */
static void *fit(struct layer *layer, void *items, size_t *cap, size_t n, size_t size)
{
	void *less = n ? realloc(items, n * size) : NULL;
	size_t spare = (*cap - n) * size;

	if (!less)
		return items;
	*cap = n;
	atomic_fetch_sub(&held, spare);
	layer->held -= spare;
	return less;
}

void layer_fit(struct layer *layer)
{
	layer->entries = fit(layer, layer->entries, &layer->cap, layer->n, sizeof(*layer->entries));
	layer->arena = fit(layer, layer->arena, &layer->room, layer->used, 1);
}

void layer_done(struct layer *layer)
{
	free(layer->entries);
	free(layer->arena);
	free(layer->table);
	err_done(&layer->err);
	atomic_fetch_sub(&held, layer->held);
	*layer = (struct layer){ 0 };
}
