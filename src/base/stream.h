/* SPDX-License-Identifier: MIT */
/* Sequential byte sources: a range of a file, a pipe, and filters. */
#pragma once

#include "base/err.h"

enum { SOURCE_PEEK_MAX = 8 };

/* The first member of every kind of source. read returns less than len only at the end. */
struct source {
	ssize_t (*read)(struct source *source, void *data, size_t len);
	int (*skip)(struct source *source, uint64_t len); /* NULL: skip by reading */
	void (*free)(struct source *source);		  /* frees what it owns; may be NULL */
	uint64_t position;
	int error;
	uint8_t ahead[SOURCE_PEEK_MAX]; /* bytes that source_peek() read */
	size_t n_ahead;
};

/* len bytes of a file from offset; the descriptor is borrowed, its position is not used. */
struct source *source_range(int fd, uint64_t offset, uint64_t len);
/* Reads a descriptor (pipe) until its end; borrowed. */
struct source *source_pipe(int fd);
/*
 * Also writes all bytes that are read or skipped to a file. inner and the file are borrowed. A failed write ends the
 * source with its -errno, which is also stored in *ret_failure, to distinguish it from an error of inner.
 */
struct source *source_tee(struct source *inner, int to, int *ret_failure);
/* Takes ownership of inner; adds all bytes that are read or skipped to a digest, which is borrowed. */
struct digest_state;
struct source *source_digested(struct source *inner, struct digest_state *state);
/*
 * Reads up to len bytes; fewer only at the end. Bytes, or -EBADMSG corrupt or truncated, -E2BIG a bomb, -errno; an
 * error repeats on every later call.
 */
ssize_t source_read(struct source *source, void *data, size_t len);
/* The next SOURCE_PEEK_MAX bytes, without reading them; fewer at the end. Bytes, or errors as above. */
ssize_t source_peek(struct source *source, uint8_t ret[SOURCE_PEEK_MAX]);
/* Skips len bytes, by seeking if possible. 0, -EBADMSG if there are fewer, or -errno. */
int source_skip(struct source *source, uint64_t len);
/* Number of bytes read and skipped. */
uint64_t source_position(const struct source *source);
void source_free(struct source *source);
