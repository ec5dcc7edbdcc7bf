/* SPDX-License-Identifier: MIT */
/* Changes at places of a JSON text, which leave every other byte as it is. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* A value inside a text that jv_load() has accepted and that ends with a NUL: nothing here checks the grammar again. */
struct span {
	size_t at, len;
};

/* The document itself, without the blanks around it. */
struct span span_whole(const char *text);
/* The value of a member of an object; false when span is none or has none. Escapes in keys are understood. */
bool span_member(const char *text, struct span object, const char *key, struct span *ret);
/* The same down a path: "rootfs.diff_ids". */
bool span_path(const char *text, const char *path, struct span *ret);
/* The item behind this one, the first for a zeroed one; false at the end, or when span is no array. */
bool span_next(const char *text, struct span array, struct span *item);

/* Appends text as a JSON string; bytes that no terminal should see are escaped as in messages. */
void splice_quote(struct buf *out, const char *text);

/* What is to be changed in one text. Zeroed it is empty; splice_done() frees. */
struct splice {
	struct splice_edit {
		size_t at, len; /* of the text as it was */
		char *text;	/* instead */
	} * edits;
	size_t n;
};

void splice_replace(struct splice *s, struct span span, const char *text);
/* Behind the last item, without any blank: what splice_drop_last() takes out to leave the text as it was. */
void splice_append(struct splice *s, const char *text, struct span array, const char *item);
/* Items whose flag is set, each with one comma beside it; n flags, from the first item on. */
void splice_drop_items(struct splice *s, const char *text, struct span array, const bool *drops, size_t n);
/* Instead of the last item; nothing in an empty array. */
void splice_replace_last(struct splice *s, const char *text, struct span array, const char *item);
/* The last item and the comma before it. Nothing in an empty array. */
void splice_drop_last(struct splice *s, const char *text, struct span array);
/* A member behind the last one of an object, without any blank; key and value are JSON without escapes of ours. */
void splice_add_member(struct splice *s, const char *text, struct span object, const char *key, const char *value);
/* The member of that key, the last one, and the comma before it. Nothing when there is none. */
void splice_drop_member(struct splice *s, const char *text, struct span object, const char *key);
/* Digest, size and the copy in "data" of a descriptor (image-spec descriptor.md), which leads to this content then. */
void splice_descriptor(
	struct splice *s, const char *text, struct span descriptor, const char *digest, const struct buf *content);
/* The text with all changes, which must not overlap; the order in which they were made does not matter.
 */
void splice_apply(const struct splice *s, const char *text, size_t len, struct buf *out);
void splice_done(struct splice *s);
