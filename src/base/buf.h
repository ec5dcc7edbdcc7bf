/* SPDX-License-Identifier: MIT */
/* Bounded growing bytes, always NUL-terminated so that text can be read from them. */
#pragma once

#include "base/defs.h"

/*
 * A zeroed buf is empty and unlimited up to BUF_LIMIT. An append beyond it sets failed, and every later
 * one does nothing: where input drives the length, check once at the end with buf_ok().
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
};

#define BUF_LIMIT ((size_t)64 << 20)
#define auto_buf  auto_with(buf_done) struct buf

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *text);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_done(struct buf *b);

/* The text, "" when empty; valid until the next append. */
static inline const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

static inline bool buf_ok(const struct buf *b)
{
	return !b->failed;
}
