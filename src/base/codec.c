// SPDX-License-Identifier: MIT
/* Chooses the decompressor of a stream, and detects decompression bombs. */
#include "base/codec.h"

#include <stdatomic.h>
#include <string.h>

#include "base/fdio.h"

enum { ZSTD = 1 };

static const struct {
	const char *magic;
	size_t len;
	const char *name;
	struct source *(*open)(struct source *inner); /* NULL: known but not supported */
} codecs[] = {
	{ "\x1f\x8b\x08", 3, "gzip", codec_gzip },
	[ZSTD] = { "\x28\xb5\x2f\xfd", 4, "zstd", codec_zstd },
	{ "BZh", 3, "bzip2", NULL },
	{ "\3757zXZ", 5, "xz", NULL },
};

/* Index of the codec with this magic; ARRAY_SIZE(codecs) if none. */
static size_t find_codec(const uint8_t *bytes, size_t n)
{
	size_t i = 0;

	/* zstd streams may begin with a skippable frame, 0x184D2A50 to 0x184D2A5F. */
	if (n >= 4 && (bytes[0] & 0xf0) == 0x50 && !memcmp(bytes + 1, "\x2a\x4d\x18", 3))
		return ZSTD;
	while (i < ARRAY_SIZE(codecs) && (n < codecs[i].len || memcmp(bytes, codecs[i].magic, codecs[i].len)))
		i++;
	return i;
}

enum codec_support codec_at(int fd, uint64_t offset)
{
	uint8_t magic[SOURCE_PEEK_MAX];
	ssize_t n = fd_pread(fd, magic, sizeof(magic), (off_t)offset);
	size_t i = n > 0 ? find_codec(magic, (size_t)n) : ARRAY_SIZE(codecs);

	return i == ARRAY_SIZE(codecs) ? CODEC_NONE : codecs[i].open ? CODEC_SUPPORTED : CODEC_UNSUPPORTED;
}

struct source *source_decode(struct source *inner, const char **ret_codec, struct err *e)
{
	uint8_t magic[SOURCE_PEEK_MAX];
	ssize_t n = source_peek(inner, magic);
	size_t i = n < 0 ? 0 : find_codec(magic, (size_t)n);

	if (n >= 0) {
		*ret_codec = i < ARRAY_SIZE(codecs) ? codecs[i].name : "none";
		if (i == ARRAY_SIZE(codecs))
			return inner;
		if (codecs[i].open)
			return codecs[i].open(inner);
		err_set(e, -EBADMSG, "compressed with %s, which is not supported", *ret_codec);
		err_hint(e, "decompress it first");
	} else {
		err_sys(e, (int)n, "cannot read it");
	}
	source_free(inner);
	return NULL;
}

bool codec_is_bomb(struct codec_count *count)
{
	static _Atomic uint64_t all_in, all_out;
	uint64_t in = atomic_fetch_add(&all_in, count->in - count->counted_in) + count->in - count->counted_in;
	uint64_t out = atomic_fetch_add(&all_out, count->out - count->counted_out) + count->out - count->counted_out;
	bool is_one = (count->out > SOURCE_RATIO_FROM && count->out / SOURCE_RATIO_MAX > count->in) ||
		      (out > SOURCES_RATIO_FROM && out / SOURCES_RATIO_MAX > in);

	count->counted_in = is_one ? 0 : count->in;
	count->counted_out = is_one ? 0 : count->out;
	if (is_one) { /* this source ends here: exclude it from the sums */
		atomic_fetch_sub(&all_in, count->in);
		atomic_fetch_sub(&all_out, count->out);
	}
	return is_one;
}

int codec_feed(int from, uint8_t *chunk, size_t size, int (*pack)(void *context, size_t n, bool is_last), void *context)
{
	off_t at = 0;
	ssize_t n;
	int r;

	do {
		n = fd_pread(from, chunk, size, at);
		at += n;
		r = n < 0 ? (int)n : pack(context, (size_t)n, (size_t)n < size);
	} while (!r && (size_t)n == size);
	return r;
}
