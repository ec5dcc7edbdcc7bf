/* SPDX-License-Identifier: MIT */
/* Bytes that come one after the other: from a part of a file, perhaps through a decompressor. */
#pragma once

#include "base/err.h"

struct source;

/*
 * A decompressor's output may be that many times its input once it is large: beyond, it is a bomb.
 * Real layers stay far below; gzip itself ends at 1030.
 */
enum { SOURCE_RATIO_MAX = 500 };
#define SOURCE_RATIO_FROM ((uint64_t)256 << 20)
/* The same of all sources of a process. */
enum { SOURCES_RATIO_MAX = 100 };
#define SOURCES_RATIO_FROM ((uint64_t)512 << 20)

/* len bytes of a file from offset on; the descriptor is borrowed and its own position not used. */
struct source *source_range(int fd, uint64_t offset, uint64_t len);
/* What can be read from a descriptor until its end (pipes); borrowed. */
struct source *source_pipe(int fd);
/*
 * Takes inner over and returns what its bytes decompress to, chosen by their magic: gzip (all members),
 * zstd (windows up to 32 MiB), else inner's own bytes. *ret_codec is "gzip", "zstd" or "none". NULL with e
 * set (then inner is freed): -EBADMSG for bzip2, xz and others that are not supported.
 */
struct source *source_decode(struct source *inner, const char **ret_codec, struct err *e);
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
