/* SPDX-License-Identifier: MIT */
/* Edits parts of a JSON text and preserves every other byte. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* A value in a NUL-terminated text that jv_load() has accepted: these functions do not check the syntax again. */
struct span {
	size_t at, len;
};

/* The top-level value, without surrounding whitespace. */
struct span span_whole(const char *text);
/* The value of an object's member; false if object is not an object or has no such member. Keys may have escapes. */
bool span_member(const char *text, struct span object, const char *key, struct span *ret);
/* The same along a path such as "rootfs.diff_ids", from the top-level value. */
bool span_path(const char *text, const char *path, struct span *ret);
/* Advances to the next item, from a zeroed one to the first; false at the end, or if array is not an array. */
bool span_next(const char *text, struct span array, struct span *item);

/* Appends text as a JSON string; unprintable bytes are escaped by str_escape(). */
void splice_quote(struct buf *out, const char *text);

/* Pending changes of one text. Zeroed: none; splice_done() frees. */
struct splice {
	struct splice_edit {
		size_t at, len; /* range of the original text */
		char *text;	/* its replacement */
	} * edits;
	size_t n;
};

void splice_replace(struct splice *s, struct span span, const char *text);
/* A flag for each item of an array, from the first one on; false for further items. Borrowed. */
struct splice_flags {
	const bool *items;
	size_t n;
};
/*
 * Removes the flagged items, each with one adjacent comma, then appends the item more, unless NULL, without whitespace,
 * so that splice_drop_last() restores the text.
 */
void splice_items(struct splice *s, const char *text, struct span array, struct splice_flags drops, const char *more);
/* Removes the last item and the comma before it; does nothing in an empty array. */
void splice_drop_last(struct splice *s, const char *text, struct span array);
/* Appends a member to an object, without whitespace. key and value are JSON already: they are not escaped. */
void splice_add_member(struct splice *s, const char *text, struct span object, const char *key, const char *value);
/* Removes the member of that key, and one comma beside it: the one before, as added. Does nothing without one. */
void splice_drop_member(struct splice *s, const char *text, struct span object, const char *key);
/* Changes a descriptor's digest, size and embedded "data" (image-spec descriptor.md) to those of content. */
void splice_descriptor(
	struct splice *s, const char *text, struct span descriptor, const char *digest, const struct buf *content);
/* Appends the changed text to out. Changes must not overlap; they may have been made in any order. */
void splice_apply(const struct splice *s, const char *text, size_t len, struct buf *out);
void splice_done(struct splice *s);
