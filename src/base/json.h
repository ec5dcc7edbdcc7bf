/* SPDX-License-Identifier: MIT */
/* JSON documents built in memory and written deterministically; jansson stays behind this. */
#pragma once

#include <stdio.h>

#include "base/err.h"

/* A JSON value (jv_: jansson owns the json_ names). Adding one to an object or array hands it over. */
struct json;

struct json *jv_object(void);
struct json *jv_array(void);
/* Bytes that are not UTF-8 are written as \xNN, as they are in the text output; NULL gives null. */
struct json *jv_text(const char *text);
/* A number that jansson cannot hold (from 2^63 on) gives null. */
struct json *jv_uint(unsigned long value);
struct json *jv_bool(bool value);
struct json *jv_null(void);
void jv_set(struct json *object, const char *key, struct json *value);
void jv_push(struct json *array, struct json *value);
/* Writes with two-space indent, keys in the order they were set, and a newline. 0 or -errno. */
int jv_write(const struct json *value, FILE *out);
void jv_free(struct json *value);
static inline void cleanup_json(struct json **value)
{
	jv_free(*value);
}
#define auto_json auto_with(cleanup_json) struct json

/* In one document: an empty object takes 250 bytes. Real manifests and configs have some thousand at most. */
enum { JV_VALUES_MAX = 32 * 1024 };
/*
 * Parses one document: UTF-8, no duplicate keys, no NULs, nesting and numbers bounded by jansson, values by
 * JV_VALUES_MAX (-E2BIG). The caller bounds len. NULL with e set (-EBADMSG, saying where); the value is to be freed
 * with jv_free().
 */
struct json *jv_load(const char *text, size_t len, struct err *e);
bool jv_is_object(const struct json *value);
bool jv_is_array(const struct json *value);
/* A member of an object; NULL when value is none or has none (or null). Borrowed. */
const struct json *jv_get(const struct json *value, const char *key);
/* Whether an object has a key that differs from this one only in its case. */
bool jv_has_case_variant(const struct json *value, const char *key);
/* The same when it is text, else NULL. */
const char *jv_get_text(const struct json *value, const char *key);
/* The same when it is a number from 0 on; false otherwise. */
bool jv_get_size(const struct json *value, const char *key, uint64_t *ret);
/* Items of an array, 0 when value is none. */
size_t jv_count(const struct json *value);
const struct json *jv_at(const struct json *array, size_t i);
bool jv_is_true(const struct json *value);
/* The text itself; NULL when it is none. */
const char *jv_as_text(const struct json *value);
