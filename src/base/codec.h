/* SPDX-License-Identifier: MIT */
/* Decompressors and compressors: which one a stream needs, and each in the one file that knows its library. */
#pragma once

#include "base/stream.h"

/*
 * A decompressor's output may be that many times its input once it is large: beyond, it is a bomb.
 * Real layers stay far below; gzip itself ends at 1030.
 */
enum { SOURCE_RATIO_MAX = 500 };
#define SOURCE_RATIO_FROM ((uint64_t)256 << 20)
/* The same of all sources of a process. */
enum { SOURCES_RATIO_MAX = 100 };
#define SOURCES_RATIO_FROM ((uint64_t)512 << 20)

/*
 * Takes inner over and returns what its bytes decompress to, chosen by their magic: gzip (all members),
 * zstd (windows up to 32 MiB), else inner's own bytes. *ret_codec is "gzip", "zstd" or "none". NULL with e
 * set (then inner is freed): -EBADMSG for bzip2, xz and others that are not supported.
 */
struct source *source_decode(struct source *inner, const char **ret_codec, struct err *e);
/* Whether what is at a place of a file is compressed, as its first bytes tell: with gzip or zstd; with bzip2 or xz. */
enum codec_support { CODEC_NONE = 0, CODEC_SUPPORTED, CODEC_UNSUPPORTED };
enum codec_support codec_at(int fd, uint64_t offset);

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
