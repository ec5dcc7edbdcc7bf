// SPDX-License-Identifier: MIT
/* gzip (RFC 1952) with any number of members; the only file that uses zlib. */
#include <string.h>
#include <zlib.h>

#include "base/codec.h"
#include "base/fdio.h"
#include "base/memory.h"

enum { CHUNK = 64 * 1024, GZIP_ONLY = 15 + 16, PADDING_MAX = 1024 * 1024 };

struct gzip {
	struct source source;
	struct source *inner;
	z_stream z;
	bool is_between; /* between members; the input may end only here */
	struct codec_count count;
	unsigned padding; /* number of zero bytes after members */
	uint8_t chunk[CHUNK];
};

/* Inflates one step; 1 at the end of the input. */
static int step(struct gzip *g)
{
	int r;

	if (!g->z.avail_in) {
		ssize_t n = source_read(g->inner, g->chunk, sizeof(g->chunk));

		if (n < 0)
			return (int)n;
		if (!n)
			return g->is_between ? 1 : -EBADMSG;
		g->z.next_in = g->chunk;
		g->z.avail_in = (uInt)n;
		g->count.in += (uint64_t)n;
	}
	/* After a member: the next one, zero padding as tar programs leave it (up to PADDING_MAX), or the end. */
	if (g->is_between) {
		while (g->z.avail_in && !*g->z.next_in) {
			g->z.next_in++;
			g->z.avail_in--;
			if (++g->padding == PADDING_MAX)
				return 1;
		}
		if (!g->z.avail_in)
			return 0;
		g->is_between = false;
		if (inflateReset(&g->z) != Z_OK)
			return -EBADMSG;
	}
	r = inflate(&g->z, Z_NO_FLUSH);
	if (r == Z_STREAM_END)
		g->is_between = true;
	else if (r == Z_MEM_ERROR)
		mem_exhausted();
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return -EBADMSG;
	return 0;
}

static ssize_t gzip_read(struct source *source, void *data, size_t len)
{
	struct gzip *g = (struct gzip *)source;
	size_t done = 0;

	while (done < len) {
		size_t want = MIN_OF(len - done, (size_t)CHUNK);
		int r;

		g->z.next_out = (Bytef *)data + done;
		g->z.avail_out = (uInt)want;
		r = step(g);
		done += want - g->z.avail_out;
		g->count.out += want - g->z.avail_out;
		if (r < 0)
			return r;
		if (r)
			break;
		if (codec_is_bomb(&g->count))
			return -E2BIG;
	}
	return (ssize_t)done;
}

static void gzip_free(struct source *source)
{
	struct gzip *g = (struct gzip *)source;

	inflateEnd(&g->z);
	source_free(g->inner);
}

struct source *codec_gzip(struct source *inner)
{
	struct gzip *g = mem_new(1, sizeof(*g));

	if (inflateInit2(&g->z, GZIP_ONLY) != Z_OK)
		mem_exhausted();
	g->source = (struct source){ .read = gzip_read, .free = gzip_free };
	g->inner = inner;
	return (struct source *)g;
}

struct packing {
	z_stream z;
	int to;
	uint8_t in[CHUNK], out[CHUNK];
};

static int pack_chunk(void *context, size_t n, bool is_last)
{
	struct packing *p = context;
	int r = 0;

	p->z.next_in = p->in;
	p->z.avail_in = (uInt)n;
	do {
		p->z.next_out = p->out;
		p->z.avail_out = sizeof(p->out);
		if (deflate(&p->z, is_last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR)
			return -EIO;
		r = fd_write(p->to, p->out, sizeof(p->out) - p->z.avail_out);
	} while (!r && !p->z.avail_out);
	return r;
}

/* zlib's default header contains neither a name nor a time. */
int codec_gzip_pack(int from, int to)
{
	auto_free struct packing *p = mem_new(1, sizeof(*p));
	int r;

	if (deflateInit2(&p->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_ONLY, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		mem_exhausted();
	p->to = to;
	r = codec_feed(from, p->in, sizeof(p->in), pack_chunk, p);
	deflateEnd(&p->z);
	return r;
}
