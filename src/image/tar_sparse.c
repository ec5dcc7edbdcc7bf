// SPDX-License-Identifier: MIT
/* Sparse files in a tar: GNU's format 1.0 in PAX headers. */
#include "image/tar_sparse.h"

#include <string.h>

#include "base/memory.h"
#include "image/tar_header.h"

/* The map has one decimal number per line: the number of parts, then offset and size of each; padded to a block. */
struct map {
	struct source *source;
	uint64_t *left; /* unread stored bytes of the member */
	char block[TAR_BLOCK];
	size_t at; /* offset in block; TAR_BLOCK: read the next block */
};

static int next_number(struct map *map, uint64_t *ret)
{
	bool has_digits = false;

	for (*ret = 0;; map->at++) {
		if (map->at == TAR_BLOCK) {
			ssize_t n = *map->left < TAR_BLOCK ? -EBADMSG : source_read(map->source, map->block, TAR_BLOCK);

			if (n != TAR_BLOCK)
				return n < 0 ? (int)n : -EBADMSG;
			*map->left -= TAR_BLOCK;
			map->at = 0;
		}
		if (map->block[map->at] < '0' || map->block[map->at] > '9' || *ret >= UINT64_MAX / 20)
			break;
		*ret = *ret * 10 + (uint64_t)(map->block[map->at] - '0');
		has_digits = true;
	}
	return map->block[map->at++] == '\n' && has_digits ? 0 : -EBADMSG;
}

int sparse_read_map(struct sparse *ret, uint64_t size, struct source *source, uint64_t *left)
{
	struct map map = { .source = source, .left = left, .at = TAR_BLOCK };
	struct sparse s = { .size = size };
	uint64_t n, stored, end = 0;
	int r = next_number(&map, &n);

	if (r || n > SPARSE_PARTS_MAX)
		return r ? r : -E2BIG;
	s.n = (size_t)n;
	s.parts = mem_new(s.n + 1, sizeof(*s.parts));
	for (size_t i = 0; !r && i < s.n; i++) {
		r = next_number(&map, &s.parts[i].offset);
		r = r ? r : next_number(&map, &s.parts[i].size);
	}
	/* Parts in order, inside the file, and stored in exactly what is left. */
	stored = *left;
	for (size_t i = 0; !r && i < s.n; i++) {
		const struct sparse_part *part = &s.parts[i];

		if (part->offset < end || part->offset > size || part->size > size - part->offset ||
			part->size > stored)
			r = -EBADMSG;
		end = part->offset + part->size;
		stored -= part->size;
	}
	if (!r && stored)
		r = -EBADMSG;
	if (r)
		sparse_done(&s);
	else
		*ret = s;
	return r;
}

ssize_t sparse_read(struct sparse *sparse, struct source *source, uint64_t *left, void *data, size_t len)
{
	size_t done = 0;

	while (done < len && sparse->position < sparse->size) {
		const struct sparse_part *part = &sparse->parts[sparse->current];
		bool is_behind = sparse->current == sparse->n;
		uint64_t next = is_behind ? sparse->size : part->offset;
		uint64_t end = is_behind ? sparse->size : part->offset + part->size;
		size_t want;

		if (sparse->position < next) {
			want = (size_t)MIN_OF(next - sparse->position, (uint64_t)(len - done));
			memset((char *)data + done, 0, want);
		} else {
			ssize_t n;

			want = (size_t)MIN_OF(end - sparse->position, (uint64_t)(len - done));
			n = source_read(source, (char *)data + done, want);
			if (n < 0 || (size_t)n < want)
				return n < 0 ? n : -EBADMSG;
			*left -= want;
		}
		done += want;
		sparse->position += want;
		if (!is_behind && sparse->position == end)
			sparse->current++;
	}
	return (ssize_t)done;
}

uint64_t sparse_pass_hole(struct sparse *sparse)
{
	const struct sparse_part *part;

	while (sparse->current < sparse->n && !sparse->parts[sparse->current].size)
		sparse->current++;
	part = &sparse->parts[sparse->current];
	if (sparse->current == sparse->n) {
		sparse->position = sparse->size;
		return 0;
	}
	if (sparse->position < part->offset)
		sparse->position = part->offset;
	return part->offset + part->size - sparse->position;
}

void sparse_done(struct sparse *sparse)
{
	free(sparse->parts);
	*sparse = (struct sparse){ 0 };
}
