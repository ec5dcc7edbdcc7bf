// SPDX-License-Identifier: MIT
/* Files with holes in a tar: GNU's format 1.0 in PAX headers. */
#include "image/tar_sparse.h"

#include <string.h>

#include "base/memory.h"
#include "image/tar_header.h"

/* The numbers of the map: how many parts, then offset and size of each, a line each, in blocks of their own. */
struct numbers {
	uint64_t value;
	bool has_digits;
	size_t done; /* how many there were */
};

static int take_number(struct sparse *s, struct numbers *numbers)
{
	struct sparse_part *part;

	if (!numbers->done++) {
		if (numbers->value > SPARSE_PARTS_MAX)
			return -E2BIG;
		s->n = (size_t)numbers->value;
		s->parts = mem_new(s->n + 1, sizeof(*s->parts));
		return 0;
	}
	part = &s->parts[(numbers->done - 2) / 2];
	if (numbers->done % 2)
		part->size = numbers->value;
	else
		part->offset = numbers->value;
	return 0;
}

static int take_block(struct sparse *s, struct numbers *numbers, const char *block)
{
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		int r;

		if (block[i] >= '0' && block[i] <= '9' && numbers->value < UINT64_MAX / 20) {
			numbers->value = numbers->value * 10 + (uint64_t)(block[i] - '0');
			numbers->has_digits = true;
			continue;
		}
		if (block[i] != '\n' || !numbers->has_digits)
			return -EBADMSG;
		r = take_number(s, numbers);
		if (r || numbers->done == 1 + 2 * s->n)
			return r;
		numbers->value = 0;
		numbers->has_digits = false;
	}
	return 0;
}

static bool is_sound(const struct sparse *s, uint64_t stored)
{
	uint64_t end = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct sparse_part *part = &s->parts[i];

		if (part->offset < end || part->offset > s->size || part->size > s->size - part->offset ||
			part->size > stored)
			return false;
		end = part->offset + part->size;
		stored -= part->size;
	}
	return !stored;
}

int sparse_read_map(struct sparse *ret, uint64_t size, struct source *source, uint64_t *left)
{
	struct sparse s = { .size = size };
	struct numbers numbers = { 0 };
	char block[TAR_BLOCK];
	int r = 0;

	while (!r && (!numbers.done || numbers.done < 1 + 2 * s.n)) {
		ssize_t n = *left < TAR_BLOCK ? -EBADMSG : source_read(source, block, TAR_BLOCK);

		*left -= n == TAR_BLOCK ? TAR_BLOCK : 0;
		r = n == TAR_BLOCK ? take_block(&s, &numbers, block) : n < 0 ? (int)n : -EBADMSG;
	}
	if (!r && !is_sound(&s, *left))
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

void sparse_done(struct sparse *sparse)
{
	free(sparse->parts);
	*sparse = (struct sparse){ 0 };
}
