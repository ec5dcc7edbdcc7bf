/* SPDX-License-Identifier: MIT */
/* Bounded, growing byte buffer, always NUL-terminated, so that it can be read as text. */
#pragma once

#include "base/defs.h"

/*
 * A zeroed buf is empty and may grow to BUF_LIMIT. An append beyond that sets failed, and later appends do nothing. If
 * input drives the length, check once at the end with buf_ok().
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

/* The text, "" if empty; valid until the next append. */
static inline const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

static inline bool buf_ok(const struct buf *b)
{
	return !b->failed;
}
