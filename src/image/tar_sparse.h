/* SPDX-License-Identifier: MIT */
/* Sparse files in a tar: GNU's format 1.0 in PAX headers (GNU tar manual, "Storing Sparse Files"). */
#pragma once

#include "base/stream.h"

enum { SPARSE_PARTS_MAX = 64 * 1024 };

/* Ranges of the file that a member stores; all other bytes are zeros. */
struct sparse {
	struct sparse_part {
		uint64_t offset, size;
	} * parts;
	size_t n, current;
	uint64_t size, position; /* of the file */
};

/*
 * Reads the map before a member's content. size is the file's size, *left the number of stored bytes, reduced by the
 * map. 0; -EBADMSG if the map is malformed or does not fit the member, -E2BIG, -errno. sparse_done() frees.
 */
int sparse_read_map(struct sparse *ret, uint64_t size, struct source *source, uint64_t *left);
/* Reads content of the file, including zeros. Number of bytes, 0 at its end, -EBADMSG truncated, -errno. */
ssize_t sparse_read(struct sparse *sparse, struct source *source, uint64_t *left, void *data, size_t len);
/* Passes over a hole. Number of bytes of data behind it, 0 at the end of the file. */
uint64_t sparse_pass_hole(struct sparse *sparse);
void sparse_done(struct sparse *sparse);
