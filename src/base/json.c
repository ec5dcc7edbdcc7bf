// SPDX-License-Identifier: MIT
/* JSON documents built in memory and written deterministically; the one file that knows jansson. */
#include "base/json.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"

/* Up to here a double tells integers apart. */
#define EXACT_MAX 9007199254740992.0

/* One document is built at a time; a value that could not be made is found when it is written. */
static bool is_poisoned;

static struct json *made(json_t *value)
{
	if (!value) {
		is_poisoned = true;
		mem_note();
	}
	return (struct json *)value;
}

static json_t *inner(const struct json *value)
{
	return (json_t *)(uintptr_t)value;
}

struct json *jv_object(void)
{
	return made(json_object());
}

struct json *jv_array(void)
{
	return made(json_array());
}

struct json *jv_text(const char *text)
{
	auto_buf safe = { 0 };

	if (!text)
		return jv_null();
	str_escape(&safe, text, strlen(text));
	return made(buf_ok(&safe) ? json_string(buf_text(&safe)) : NULL);
}

struct json *jv_uint(unsigned long value)
{
	return made(value <= INT64_MAX ? json_integer((json_int_t)value) : NULL);
}

struct json *jv_bool(bool value)
{
	return made(json_boolean(value));
}

struct json *jv_null(void)
{
	return made(json_null());
}

void jv_set(struct json *object, const char *key, struct json *value)
{
	if (json_object_set_new(inner(object), key, inner(value)) < 0)
		made(NULL);
}

void jv_push(struct json *array, struct json *value)
{
	if (json_array_append_new(inner(array), inner(value)) < 0)
		made(NULL);
}

int jv_write(const struct json *value, FILE *out)
{
	if (is_poisoned)
		return -ENOMEM;
	if (json_dumpf(inner(value), out, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0) {
		if (!ferror(out))
			mem_note(); /* it was not the file */
		return -EIO;
	}
	return fputc('\n', out) == EOF ? -EIO : 0;
}

void jv_free(struct json *value)
{
	json_decref(inner(value));
}

struct json *jv_load(const char *text, size_t len, struct err *e)
{
	json_error_t where;
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);

	/* Numbers of any length are JSON; what is beyond 64 bits is nothing that we look at. */
	if (!value && json_error_code(&where) == json_error_numeric_overflow)
		value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &where);
	if (!value) {
		auto_buf what = { 0 };

		str_escape(&what, where.text, strlen(where.text));
		err_set(e, -EBADMSG, "malformed JSON: line %d: %s", where.line, buf_text(&what));
	}
	return (struct json *)value;
}

bool jv_is_object(const struct json *value)
{
	return json_is_object(inner(value));
}

bool jv_is_array(const struct json *value)
{
	return json_is_array(inner(value));
}

const struct json *jv_get(const struct json *value, const char *key)
{
	json_t *found = json_object_get(inner(value), key);

	return json_is_null(found) ? NULL : (const struct json *)found;
}

bool jv_has_case_variant(const struct json *value, const char *key)
{
	const char *name;
	json_t *member;

	json_object_foreach(inner(value), name, member)
		if (!strcasecmp(name, key) && strcmp(name, key))
			return true;
	return false;
}

const char *jv_get_text(const struct json *value, const char *key)
{
	return jv_as_text(jv_get(value, key));
}

bool jv_get_size(const struct json *value, const char *key, uint64_t *ret)
{
	const struct json *found = jv_get(value, key);

	if (json_is_real(inner(found))) {
		double real = json_real_value(inner(found));

		/* An integer beside one that is too big for one. */
		if (!(real >= 0 && real <= EXACT_MAX) || real != (double)(uint64_t)real)
			return false;
		*ret = (uint64_t)real;
		return true;
	}
	if (!json_is_integer(inner(found)) || json_integer_value(inner(found)) < 0)
		return false;
	*ret = (uint64_t)json_integer_value(inner(found));
	return true;
}

size_t jv_count(const struct json *value)
{
	return json_array_size(inner(value));
}

const struct json *jv_at(const struct json *array, size_t i)
{
	return (const struct json *)json_array_get(inner(array), i);
}

const char *jv_as_text(const struct json *value)
{
	return json_string_value(inner(value));
}
