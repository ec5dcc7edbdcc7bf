/* SPDX-License-Identifier: MIT */
/* Chooses the decompressor of a stream; compressors. Each codec is in the one file that uses its library. */
#pragma once

#include "base/stream.h"

/*
 * Largest ratio of a decompressor's output to its input, checked from SOURCE_RATIO_FROM bytes of output on; beyond, the
 * input is a bomb. Real layers stay far below; gzip itself reaches at most 1030.
 */
enum { SOURCE_RATIO_MAX = 500 };
#define SOURCE_RATIO_FROM ((uint64_t)256 << 20)
/* The same for all sources of a process together. */
enum { SOURCES_RATIO_MAX = 100 };
#define SOURCES_RATIO_FROM ((uint64_t)512 << 20)

/*
 * Takes ownership of inner and returns a source of its decompressed bytes. The magic decides: gzip (all members), zstd
 * (windows up to 32 MiB), else inner's own bytes. *ret_codec is "gzip", "zstd" or "none". NULL with e set (inner is
 * freed then): -EBADMSG for bzip2, xz and others that are not supported.
 */
struct source *source_decode(struct source *inner, const char **ret_codec, struct err *e);
/* Whether the data at an offset of a file is compressed, judged by its magic: gzip or zstd; bzip2 or xz. */
enum codec_support { CODEC_NONE = 0, CODEC_SUPPORTED, CODEC_UNSUPPORTED };
enum codec_support codec_at(int fd, uint64_t offset);

/* Take ownership of inner. */
struct source *codec_gzip(struct source *inner);
struct source *codec_zstd(struct source *inner);

/*
 * Compress a whole file, and write to the current position of the other. The output depends on the input and the
 * version of the library only: neither library promises more. 0 or -errno.
 */
int codec_gzip_pack(int from, int to);
int codec_zstd_pack(int from, int to);

/* For compressors: reads a file in chunks and passes the length of each; the last one is shorter. 0 or -errno. */
int codec_feed(
	int from, uint8_t *chunk, size_t size, int (*pack)(void *context, size_t n, bool is_last), void *context);

/* Input and output of a decompressor, and how much of them is included in the sums of the process. */
struct codec_count {
	uint64_t in, out, counted_in, counted_out;
};

/*
 * Whether the ratio of output to input is that of a bomb: for this source, or for all sources of the process, as many
 * small bombs are as bad as one.
 */
bool codec_is_bomb(struct codec_count *count);
