// SPDX-License-Identifier: MIT
/* Zstandard (RFC 8878) with any number of frames; the only file that uses libzstd. */
#include <zstd.h>
#include <zstd_errors.h>

#include "base/codec.h"
#include "base/fdio.h"
#include "base/memory.h"

enum { CHUNK = 64 * 1024, WINDOW_LOG_MAX = 25, LEVEL = 6 };

struct zstd {
	struct source source;
	struct source *inner;
	ZSTD_DStream *z;
	ZSTD_inBuffer in;
	size_t hint; /* 0 between frames: the input may end only there */
	struct codec_count count;
	uint8_t chunk[CHUNK];
};

/* 1 at the end of the input. */
static int refill(struct zstd *z)
{
	ssize_t n = source_read(z->inner, z->chunk, sizeof(z->chunk));

	if (n < 0)
		return (int)n;
	if (!n)
		return z->hint ? -EBADMSG : 1;
	z->in = (ZSTD_inBuffer){ z->chunk, (size_t)n, 0 };
	z->count.in += (uint64_t)n;
	return 0;
}

static ssize_t zstd_read(struct source *source, void *data, size_t len)
{
	struct zstd *z = (struct zstd *)source;
	ZSTD_outBuffer out = { data, len, 0 };

	while (out.pos < out.size) {
		size_t before = out.pos;

		/* The decoder may hold bytes that did not fit into the last output buffer: flush before reading on. */
		if (z->in.pos == z->in.size && !(z->count.out && z->hint)) {
			int r = refill(z);

			if (r < 0)
				return r;
			if (r)
				break;
		}
		z->hint = ZSTD_decompressStream(z->z, &out, &z->in);
		if (ZSTD_getErrorCode(z->hint) == ZSTD_error_memory_allocation)
			mem_exhausted();
		if (ZSTD_isError(z->hint))
			return -EBADMSG;
		z->count.out += out.pos - before;
		if (codec_is_bomb(&z->count))
			return -E2BIG;
		if (out.pos == before && z->in.pos == z->in.size) {
			int r = refill(z);

			if (r < 0)
				return r;
			if (r)
				break;
		}
	}
	return (ssize_t)out.pos;
}

static void zstd_free(struct source *source)
{
	struct zstd *z = (struct zstd *)source;

	ZSTD_freeDStream(z->z);
	source_free(z->inner);
}

struct source *codec_zstd(struct source *inner)
{
	struct zstd *z = mem_new(1, sizeof(*z));

	z->z = ZSTD_createDStream();
	if (!z->z)
		mem_exhausted();
	ZSTD_DCtx_setParameter(z->z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	z->source = (struct source){ .read = zstd_read, .free = zstd_free };
	z->inner = inner;
	z->hint = 1;
	return (struct source *)z;
}

struct packing {
	ZSTD_CStream *z;
	int to;
	uint8_t in[CHUNK], out[CHUNK];
};

static int pack_chunk(void *context, size_t n, bool is_last)
{
	struct packing *p = context;
	ZSTD_inBuffer in = { p->in, n, 0 };
	size_t left;
	int r;

	do {
		ZSTD_outBuffer out = { p->out, sizeof(p->out), 0 };

		left = ZSTD_compressStream2(p->z, &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left)) /* the only possible error */
			mem_exhausted();
		r = fd_write(p->to, p->out, out.pos);
	} while (!r && (is_last ? left > 0 : in.pos < in.size));
	return r;
}

int codec_zstd_pack(int from, int to)
{
	auto_free struct packing *p = mem_new(1, sizeof(*p));
	int r;

	p->z = ZSTD_createCStream();
	if (!p->z)
		mem_exhausted();
	ZSTD_CCtx_setParameter(p->z, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(p->z, ZSTD_c_checksumFlag, 1);
	p->to = to;
	r = codec_feed(from, p->in, sizeof(p->in), pack_chunk, p);
	ZSTD_freeCStream(p->z);
	return r;
}
