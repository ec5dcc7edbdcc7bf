/* SPDX-License-Identifier: MIT */
/* JSON documents in memory, parsed strictly and written deterministically; hides jansson. */
#pragma once

#include <stdio.h>

#include "base/err.h"

/* A JSON value (prefix jv_, because jansson owns json_). Adding it to an object or array passes ownership. */
struct json;

struct json *jv_object(void);
struct json *jv_array(void);
/* Bytes that are not UTF-8 are written as \xNN, as in text output; NULL gives null. */
struct json *jv_text(const char *text);
/* A number that jansson cannot represent (from 2^63 on) gives null. */
struct json *jv_uint(unsigned long value);
struct json *jv_bool(bool value);
struct json *jv_null(void);
void jv_set(struct json *object, const char *key, struct json *value);
void jv_push(struct json *array, struct json *value);
/* Writes with two-space indent, keys in the order they were set, and a final newline. 0 or -errno. */
int jv_write(const struct json *value, FILE *out);
void jv_free(struct json *value);
static inline void cleanup_json(struct json **value)
{
	jv_free(*value);
}
#define auto_json auto_with(cleanup_json) struct json

/* Limit for one document: an empty object takes 250 bytes. Real manifests and configs have a few thousand at most. */
enum { JV_VALUES_MAX = 32 * 1024 };
/*
 * Parses one document: UTF-8, no duplicate keys, no NULs; jansson limits nesting and numbers, JV_VALUES_MAX the values
 * (-E2BIG). The caller limits len. NULL with e set (-EBADMSG, with the line). Free the value with jv_free().
 */
struct json *jv_load(const char *text, size_t len, struct err *e);
bool jv_is_object(const struct json *value);
bool jv_is_array(const struct json *value);
/* A member of an object, borrowed; NULL if value is not an object, or the member is missing or null. */
const struct json *jv_get(const struct json *value, const char *key);
/* Whether an object has a key that differs from this one in case only. */
bool jv_has_case_variant(const struct json *value, const char *key);
/* jv_get() if the member is text, else NULL. */
const char *jv_get_text(const struct json *value, const char *key);
/* jv_get() if the member is an integer of at least 0; else false. */
bool jv_get_size(const struct json *value, const char *key, uint64_t *ret);
/* Number of items of an array; 0 if value is not an array. */
size_t jv_count(const struct json *value);
const struct json *jv_at(const struct json *array, size_t i);
/* Calls each() for the members of an object, or for the items of an array: then key is NULL. */
void jv_each(
	const struct json *value, void (*each)(const char *key, const struct json *item, void *context), void *context);
bool jv_is_true(const struct json *value);
/* The text, borrowed; NULL if value is not text. */
const char *jv_as_text(const struct json *value);
