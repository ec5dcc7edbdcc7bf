// SPDX-License-Identifier: MIT
/* Bounded, growing byte buffer. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static bool reserve(struct buf *b, size_t more)
{
	size_t need, cap;

	if (more >= BUF_LIMIT || b->len >= BUF_LIMIT - more)
		b->failed = true;
	if (b->failed)
		return false;
	need = b->len + more + 1;
	if (need <= b->cap)
		return true;
	for (cap = b->cap ? b->cap : 64; cap < need; cap *= 2)
		;
	b->data = mem_grow(b->data, cap, 1);
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		mem_exhausted();
	buf_add(b, text, (size_t)n);
}

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
