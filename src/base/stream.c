// SPDX-License-Identifier: MIT
/* Sequential byte sources: files, pipes, and filters on top of them. */
#include "base/stream.h"

#include <string.h>

#include "base/digest.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/stop.h"

enum { SKIP_CHUNK = 64 * 1024 };

struct range {
	struct source source;
	int fd;
	uint64_t offset, left;
};

struct pipe_source {
	struct source source;
	int fd;
};

static ssize_t range_read(struct source *source, void *data, size_t len)
{
	struct range *r = (struct range *)source;
	size_t want = (size_t)MIN_OF((uint64_t)len, r->left);
	ssize_t n = fd_pread(r->fd, data, want, (off_t)r->offset);

	if (n < 0)
		return n;
	if ((size_t)n < want)
		return -EBADMSG; /* the file is shorter than the range */
	r->offset += (uint64_t)n;
	r->left -= (uint64_t)n;
	progress_add((uint64_t)n);
	return n;
}

static int range_skip(struct source *source, uint64_t len)
{
	struct range *r = (struct range *)source;

	if (len > r->left)
		return -EBADMSG;
	r->offset += len;
	r->left -= len;
	progress_add(len);
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
		progress_add((uint64_t)n);
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

/* Takes up to len bytes that were read ahead; data may be NULL. Returns their number. */
static size_t take_ahead(struct source *source, void *data, uint64_t len)
{
	size_t n = (size_t)MIN_OF(len, (uint64_t)source->n_ahead);

	if (data)
		memcpy(data, source->ahead, n);
	memmove(source->ahead, source->ahead + n, source->n_ahead - n);
	source->n_ahead -= n;
	source->position += n;
	return n;
}

ssize_t source_read(struct source *source, void *data, size_t len)
{
	size_t before;
	ssize_t n = 0;

	if (source->error)
		return source->error;
	before = take_ahead(source, data, len);
	if (before < len || !len)
		n = stop_signal() ? -EINTR : source->read(source, (char *)data + before, len - before);
	if (n < 0)
		return source->error = (int)n;
	source->position += (uint64_t)n;
	return n + (ssize_t)before;
}

ssize_t source_peek(struct source *source, uint8_t ret[SOURCE_PEEK_MAX])
{
	ssize_t n = source_read(source, ret, SOURCE_PEEK_MAX);

	if (n > 0) {
		memcpy(source->ahead, ret, (size_t)n);
		source->n_ahead = (size_t)n;
		source->position -= (uint64_t)n;
	}
	return n;
}

int source_skip(struct source *source, uint64_t len)
{
	auto_free char *chunk = NULL;
	int r = 0;

	if (source->error || !len)
		return source->error;
	len -= take_ahead(source, NULL, len);
	if (len && source->skip) {
		r = source->skip(source, len);
	} else if (len) {
		chunk = mem_new(1, SKIP_CHUNK);
		for (uint64_t left = len; !r && left;) {
			size_t want = (size_t)MIN_OF(left, (uint64_t)SKIP_CHUNK);
			ssize_t n = stop_signal() ? -EINTR : source->read(source, chunk, want);

			r = n < 0 ? (int)n : (size_t)n < want ? -EBADMSG : 0;
			left -= want;
		}
	}
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
