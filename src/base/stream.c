// SPDX-License-Identifier: MIT
/* Bytes that come one after the other: files and pipes; decompressors are in codec.c. */
#include "base/stream.h"

#include <stdatomic.h>
#include <string.h>

#include "base/codec.h"
#include "base/digest.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/stop.h"

enum { SKIP_CHUNK = 64 * 1024, MAGIC_MAX = 8 };

struct range {
	struct source source;
	int fd;
	uint64_t offset, left;
};

struct pipe_source {
	struct source source;
	int fd;
};

/* Bytes that were looked at before it was known who reads them. */
struct pushback {
	struct source source;
	struct source *inner;
	uint8_t bytes[MAGIC_MAX];
	size_t n, at;
};

static ssize_t range_read(struct source *source, void *data, size_t len)
{
	struct range *r = (struct range *)source;
	size_t want = (size_t)MIN_OF((uint64_t)len, r->left);
	ssize_t n = fd_pread(r->fd, data, want, (off_t)r->offset);

	if (n < 0)
		return n;
	if ((size_t)n < want)
		return -EBADMSG; /* the file is shorter than was said */
	r->offset += (uint64_t)n;
	r->left -= (uint64_t)n;
	return n;
}

static int range_skip(struct source *source, uint64_t len)
{
	struct range *r = (struct range *)source;

	if (len > r->left)
		return -EBADMSG;
	r->offset += len;
	r->left -= len;
	return 0;
}

struct source *source_range(int fd, uint64_t offset, uint64_t len)
{
	struct range *r = mem_new(1, sizeof(*r));

	*r = (struct range){ { .read = range_read, .skip = range_skip }, fd, offset, len };
	return (struct source *)r;
}

static ssize_t pipe_read(struct source *source, void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(((struct pipe_source *)source)->fd, (char *)data + done, len - done);

		if (n < 0 && errno == EINTR && !stop_signal())
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

struct source *source_pipe(int fd)
{
	struct pipe_source *p = mem_new(1, sizeof(*p));

	*p = (struct pipe_source){ { .read = pipe_read }, fd };
	return (struct source *)p;
}

static ssize_t pushback_read(struct source *source, void *data, size_t len)
{
	struct pushback *p = (struct pushback *)source;
	size_t n = MIN_OF(len, p->n - p->at);
	ssize_t more;

	memcpy(data, p->bytes + p->at, n);
	p->at += n;
	if (n == len)
		return (ssize_t)n;
	more = source_read(p->inner, (uint8_t *)data + n, len - n);
	return more < 0 ? more : more + (ssize_t)n;
}

static int pushback_skip(struct source *source, uint64_t len)
{
	struct pushback *p = (struct pushback *)source;
	uint64_t n = MIN_OF(len, (uint64_t)(p->n - p->at));

	p->at += (size_t)n;
	return source_skip(p->inner, len - n);
}

static void pushback_free(struct source *source)
{
	source_free(((struct pushback *)source)->inner);
}

static struct source *put_back(struct source *inner, const uint8_t *bytes, size_t n)
{
	struct pushback *p = mem_new(1, sizeof(*p));

	*p = (struct pushback){ { .read = pushback_read, .skip = pushback_skip, .free = pushback_free }, inner };
	memcpy(p->bytes, bytes, n);
	p->n = n;
	return (struct source *)p;
}

struct digested {
	struct source source;
	struct source *inner;
	struct digest_state *state;
};

static ssize_t digested_read(struct source *source, void *data, size_t len)
{
	struct digested *d = (struct digested *)source;
	ssize_t n = source_read(d->inner, data, len);

	if (n > 0)
		digest_add(d->state, data, (size_t)n);
	return n;
}

static void digested_free(struct source *source)
{
	source_free(((struct digested *)source)->inner);
}

struct source *source_digested(struct source *inner, struct digest_state *state)
{
	struct digested *d = mem_new(1, sizeof(*d));

	*d = (struct digested){ { .read = digested_read, .free = digested_free }, inner, state };
	return (struct source *)d;
}

struct tee {
	struct source source;
	struct source *inner;
	int to;
	int *failure;
};

static ssize_t tee_read(struct source *source, void *data, size_t len)
{
	struct tee *t = (struct tee *)source;
	ssize_t n = source_read(t->inner, data, len);

	if (n > 0)
		*t->failure = fd_write(t->to, data, (size_t)n);
	return *t->failure ? *t->failure : n;
}

struct source *source_tee(struct source *inner, int to, int *ret_failure)
{
	struct tee *t = mem_new(1, sizeof(*t));

	*ret_failure = 0;
	*t = (struct tee){ { .read = tee_read }, inner, to, ret_failure };
	return (struct source *)t;
}

static const struct {
	const char *magic;
	size_t len;
	const char *name;
	struct source *(*open)(struct source *inner); /* NULL: known and not supported */
} codecs[] = {
	{ "\x1f\x8b\x08", 3, "gzip", codec_gzip },
	{ "\x28\xb5\x2f\xfd", 4, "zstd", codec_zstd },
	{ "BZh", 3, "bzip2", NULL },
	{ "\xfd"
	  "7zXZ",
		5, "xz", NULL },
};

/* zstd streams may begin with a skippable frame, 0x184D2A50 to 0x184D2A5F. */
static bool is_skippable_frame(const uint8_t *bytes, size_t n)
{
	return n >= 4 && (bytes[0] & 0xf0) == 0x50 && !memcmp(bytes + 1, "\x2a\x4d\x18", 3);
}

static struct source *open_codec(
	struct source *plain, const uint8_t *magic, size_t n, const char **ret_codec, struct err *e)
{
	*ret_codec = "none";
	if (is_skippable_frame(magic, n)) {
		*ret_codec = "zstd";
		return codec_zstd(plain);
	}
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		if (n < codecs[i].len || memcmp(magic, codecs[i].magic, codecs[i].len))
			continue;
		*ret_codec = codecs[i].name;
		if (codecs[i].open)
			return codecs[i].open(plain);
		err_set(e, -EBADMSG, "compressed with %s, which is not supported", codecs[i].name);
		err_hint(e, "decompress it first");
		return NULL;
	}
	return plain;
}

struct source *source_decode(struct source *inner, const char **ret_codec, struct err *e)
{
	uint8_t magic[MAGIC_MAX] = { 0 };
	ssize_t n = source_read(inner, magic, sizeof(magic));
	struct source *plain, *decoded;

	if (n < 0) {
		err_sys(e, (int)n, "cannot read it");
		source_free(inner);
		return NULL;
	}
	plain = put_back(inner, magic, (size_t)n);
	decoded = open_codec(plain, magic, (size_t)n, ret_codec, e);
	if (!decoded)
		source_free(plain);
	return decoded;
}

ssize_t source_read(struct source *source, void *data, size_t len)
{
	ssize_t n;

	if (source->error)
		return source->error;
	n = stop_signal() ? -EINTR : source->read(source, data, len);
	if (n < 0)
		source->error = (int)n;
	else
		source->position += (uint64_t)n;
	return n;
}

static int skip_by_reading(struct source *source, uint64_t len)
{
	auto_free char *chunk = mem_new(1, SKIP_CHUNK);

	while (len) {
		size_t want = (size_t)MIN_OF(len, (uint64_t)SKIP_CHUNK);
		ssize_t n = source->read(source, chunk, want);

		if (n < 0)
			return (int)n;
		if ((size_t)n < want)
			return -EBADMSG;
		len -= (uint64_t)n;
	}
	return 0;
}

int source_skip(struct source *source, uint64_t len)
{
	int r;

	if (source->error || !len)
		return source->error;
	r = source->skip ? source->skip(source, len) : skip_by_reading(source, len);
	source->error = r;
	source->position += r ? 0 : len;
	return r;
}

uint64_t source_position(const struct source *source)
{
	return source->position;
}

void source_free(struct source *source)
{
	if (!source)
		return;
	if (source->free)
		source->free(source);
	free(source);
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
	if (is_one) { /* it ends here: what comes next is judged without it */
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
