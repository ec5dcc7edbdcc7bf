// SPDX-License-Identifier: MIT
/* Bounded, growing byte buffer. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

void buf_add(struct buf *b, const void *data, size_t len)
{
	size_t need, cap = b->cap ? b->cap : 64;

	if (len >= BUF_LIMIT || b->len >= BUF_LIMIT - len)
		b->failed = true;
	if (b->failed)
		return;
	need = b->len + len + 1;
	while (cap < need)
		cap *= 2;
	if (cap > b->cap) {
		b->data = mem_grow(b->data, cap, 1);
		b->cap = cap;
	}
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
