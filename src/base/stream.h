/* SPDX-License-Identifier: MIT */
/* Bytes that come one after the other: from a part of a file or a pipe. */
#pragma once

#include "base/err.h"

/* What every kind of source begins with. read returns less than len only at the end. */
struct source {
	ssize_t (*read)(struct source *source, void *data, size_t len);
	int (*skip)(struct source *source, uint64_t len); /* NULL: by reading */
	void (*free)(struct source *source);		  /* what is inside; NULL: nothing */
	uint64_t position;
	int error;
};

/* len bytes of a file from offset on; the descriptor is borrowed and its own position not used. */
struct source *source_range(int fd, uint64_t offset, uint64_t len);
/* What can be read from a descriptor until its end (pipes); borrowed. */
struct source *source_pipe(int fd);
/*
 * What is read from inner or passed over is written to a file, too. Both are borrowed. A
 * write that fails ends the source with its -errno, which *ret_failure tells from one of inner's.
 */
struct source *source_tee(struct source *inner, int to, int *ret_failure);
/*
 * Takes inner over; all that is read from it or passed over is added to a digest, which is borrowed.
 */
struct digest_state;
struct source *source_digested(struct source *inner, struct digest_state *state);
/*
 * Reads up to len bytes; less only at the end. Bytes, or -EBADMSG corrupt or truncated, -E2BIG a bomb,
 * -errno; an error repeats on every later call.
 */
ssize_t source_read(struct source *source, void *data, size_t len);
/* Passes over len bytes, by seeking where that is possible. 0, -EBADMSG when there are fewer, -errno. */
int source_skip(struct source *source, uint64_t len);
/* How many bytes have been read and passed over. */
uint64_t source_position(const struct source *source);
void source_free(struct source *source);
