/* SPDX-License-Identifier: MIT */
/* How a source is made; the decompressors and compressors, each in the one file that knows its library. */
#pragma once

#include "base/stream.h"

/* What every kind of source begins with. read returns less than len only at the end. */
struct source {
	ssize_t (*read)(struct source *source, void *data, size_t len);
	int (*skip)(struct source *source, uint64_t len); /* NULL: by reading */
	void (*free)(struct source *source);		  /* what is inside; NULL: nothing */
	uint64_t position;
	int error;
};

/* Take inner over. */
struct source *codec_gzip(struct source *inner);
struct source *codec_zstd(struct source *inner);

/*
 * Compress a file from its start to where the other one's position is. The same bytes give the same bytes, whoever does
 * it and when, as long as the library is the same: neither promises more. 0 or -errno.
 */
int codec_gzip_pack(int from, int to);
int codec_zstd_pack(int from, int to);

/* For them: reads a file chunk by chunk and hands each on with its length; the last one is shorter. 0 or -errno. */
int codec_feed(
	int from, uint8_t *chunk, size_t size, int (*pack)(void *context, size_t n, bool is_last), void *context);

/* What a decompressor has taken and given, and what of it is in the sums of the process. */
struct codec_count {
	uint64_t in, out, counted_in, counted_out;
};

/*
 * Whether so much output from so much input is a bomb: of this source, or of all that the process has decompressed, as
 * many small bombs are as bad as one.
 */
bool codec_is_bomb(struct codec_count *count);
