/* SPDX-License-Identifier: MIT */
/* JSON documents built in memory and written deterministically; jansson stays behind this. */
#pragma once

#include <stdio.h>

#include "base/err.h"

/* A JSON value (jv_: jansson owns the json_ names). Adding one to an object or array hands it over; a NULL (no memory) poisons the dump. */
struct json;

struct json *jv_object(void);
struct json *jv_array(void);
/* Bytes that are not UTF-8 are written as \xNN, as they are in the text output; NULL gives null. */
struct json *jv_text(const char *text);
struct json *jv_uint(unsigned long value);
struct json *jv_bool(bool value);
struct json *jv_null(void);
void jv_set(struct json *object, const char *key, struct json *value);
void jv_push(struct json *array, struct json *value);
/* Writes with two-space indent, keys in the order they were set, and a newline. 0 or -errno. */
int jv_write(const struct json *value, FILE *out);
void jv_free(struct json *value);
