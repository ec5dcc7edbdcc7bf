/* SPDX-License-Identifier: MIT */
/* Strict text: integers, hex, lists, suggestions for typos, escaping for terminals and shells. */
#pragma once

#include "base/buf.h"

/* Parses a decimal number up to max: digits only, no sign, no blanks. 0 or -EINVAL. */
int str_to_uint(const char *text, unsigned long max, unsigned long *ret_value);

/* Decodes pairs of hex digits into at most cap bytes. Bytes written, or -EINVAL. */
int str_from_hex(const char *hex, uint8_t *out, size_t cap);

/*
 * Next item of a list separated by commas or white space. cursor starts at the text and advances; the item is inside
 * the text and len bytes long. false at the end.
 */
bool str_next_item(const char **cursor, const char **ret_item, size_t *ret_len);

/* Whether text is one of the blank-separated words of list. */
bool str_in_words(const char *list, const char *text, size_t len);

/* The word of list that was probably meant, inside list and *ret_len long; NULL if none is similar. */
const char *str_nearest(const char *list, const char *text, size_t *ret_len);

/* Number of edits (insert, delete, change, swap) between two words, at most limit + 1. */
unsigned str_distance(const char *a, const char *b, unsigned limit);

/* Appends text with control bytes and invalid UTF-8 as \xNN, so that no name can control a terminal. */
void str_escape(struct buf *out, const char *text, size_t len);

/* Appends text as one word for a shell, in single quotes. */
void str_quote(struct buf *out, const char *text);

bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
/* The part after the last slash. */
const char *str_basename(const char *path);
