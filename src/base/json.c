// SPDX-License-Identifier: MIT
/* JSON documents built in memory and written deterministically; the one file that knows jansson. */
#include "base/json.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"

/* Integers of fewer digits fit into 64 bits; so many that do not may be in one document. */
enum { BIG_DIGITS = 19, BIG_MAX = 100 };

static void *allocate(size_t size)
{
	return mem_grow(NULL, size, 1);
}

/* jansson takes some failed allocations for malformed documents. */
__attribute__((constructor)) static void set_allocator(void)
{
	json_set_alloc_funcs(allocate, free);
}

static struct json *made(json_t *value)
{
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
	return made(json_string(buf_text(&safe)));
}

struct json *jv_uint(unsigned long value)
{
	return value <= INT64_MAX ? made(json_integer((json_int_t)value)) : jv_null();
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
	json_object_set_new(inner(object), key, inner(value));
}

void jv_push(struct json *array, struct json *value)
{
	json_array_append_new(inner(array), inner(value));
}

int jv_write(const struct json *value, FILE *out)
{
	if (json_dumpf(inner(value), out, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0)
		return -EIO;
	return fputc('\n', out) == EOF ? -EIO : 0;
}

void jv_free(struct json *value)
{
	json_decref(inner(value));
}

/*
 * Integers of any length are JSON; jansson has none beyond 64 bits. One that nobody looks at is no reason to refuse a
 * document, so it is read as 0: the last number before end, in a copy of the text. false when it is another number.
 */
static bool blank_integer(char *text, size_t end)
{
	size_t start = end;

	while (start && strchr("0123456789", text[start - 1]))
		start--;
	start -= start && text[start - 1] == '-';
	if (end - start < BIG_DIGITS || (start && strchr("+-.eE", text[start - 1])))
		return false;
	memset(text + start, ' ', end - start);
	text[end - 1] = '0';
	return true;
}

static json_t *load(const char *text, size_t len, json_error_t *where)
{
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, where);
	auto_free char *copy = NULL;

	for (unsigned n = 0; !value && json_error_code(where) == json_error_numeric_overflow && n < BIG_MAX; n++) {
		size_t end = (size_t)where->position;

		if (!copy && (copy = mem_new(1, len + 1)))
			memcpy(copy, text, len);
		while (copy && end < len && strchr("0123456789.eE+-", copy[end]) && copy[end])
			end++;
		if (!copy || end > len || !blank_integer(copy, end))
			break;
		value = json_loadb(copy, len, JSON_REJECT_DUPLICATES, where);
	}
	return value;
}

struct json *jv_load(const char *text, size_t len, struct err *e)
{
	json_error_t where;
	json_t *value = load(text, len, &where);

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

bool jv_is_true(const struct json *value)
{
	return json_is_true(inner(value));
}

const struct json *jv_get(const struct json *value, const char *key)
{
	json_t *found = json_object_get(inner(value), key);

	return json_is_null(found) ? NULL : (const struct json *)found;
}

/* As Go's encoding/json folds keys: ASCII letters, the long s (U+017F) and the Kelvin sign (U+212A). */
static bool is_folded(const char *name, const char *key)
{
	for (; *key; key++) {
		size_t len = 1;

		if (strchr("sS", *key) && !strncmp(name, "\xc5\xbf", 2))
			len = 2;
		else if (strchr("kK", *key) && !strncmp(name, "\xe2\x84\xaa", 3))
			len = 3;
		else if (strncasecmp(name, key, 1))
			return false;
		name += len;
	}
	return !*name;
}

bool jv_has_case_variant(const struct json *value, const char *key)
{
	const char *name;
	json_t *member;

	json_object_foreach(inner(value), name, member) if (is_folded(name, key) && strcmp(name, key)) return true;
	return false;
}

const char *jv_get_text(const struct json *value, const char *key)
{
	return jv_as_text(jv_get(value, key));
}

bool jv_get_size(const struct json *value, const char *key, uint64_t *ret)
{
	const struct json *found = jv_get(value, key);

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
