// SPDX-License-Identifier: MIT
/* JSON documents in memory, parsed strictly and written deterministically; the only file that uses jansson. */
#include "base/json.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/str.h"

static void *allocate(size_t size)
{
	return mem_grow(NULL, size, 1);
}

/* jansson reports some failed allocations as malformed documents. */
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
 * Whether the number of this length exceeds jansson's 64 bits. JSON allows integers of any length, and an unused one
 * must not make a document invalid, so it is read as 0.
 */
static bool is_big_integer(const char *number, size_t len)
{
	static const char max[] = "9223372036854775807";
	size_t sign = *number == '-', digits = len - sign;

	if (digits < strlen(max) || number[sign] == '0' || memchr(number, '.', len) || memchr(number, 'e', len) ||
		memchr(number, 'E', len) || memchr(number + 1, '-', len - 1) || memchr(number, '+', len))
		return false;
	return digits > strlen(max) || memcmp(number + sign, max, digits) > 0;
}

/*
 * One pass over a copy of the text before parsing: replaces big integers with 0 and counts the values, each of which
 * follows an opening bracket or a comma.
 */
static size_t prepare(char *text, size_t len)
{
	size_t values = 1;

	for (size_t i = 0; i < len; i++) {
		size_t start = i;

		if (text[i] == '"') {
			for (i++; i < len && text[i] != '"'; i++)
				i += text[i] == '\\';
		} else if (text[i] == ',' || text[i] == '[' || text[i] == '{') {
			values++;
		} else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
			while (i + 1 < len && text[i + 1] && strchr("0123456789.eE+-", text[i + 1]))
				i++;
			if (is_big_integer(text + start, i + 1 - start)) {
				memset(text + start, ' ', i - start);
				text[i] = '0';
			}
		}
	}
	return values;
}

struct json *jv_load(const char *text, size_t len, struct err *e)
{
	auto_free char *copy = mem_part(text, len);
	json_error_t where;
	json_t *value;

	/* mem_part() ends at a NUL, which jansson refuses. */
	if (prepare(copy, strlen(copy)) > JV_VALUES_MAX) {
		err_set(e, -E2BIG, "JSON with more than %d values", JV_VALUES_MAX);
		return NULL;
	}
	value = json_loadb(strlen(copy) == len ? copy : text, len, JSON_REJECT_DUPLICATES, &where);
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

/* Folds keys like Go's encoding/json: ASCII letters, the long s (U+017F) and the Kelvin sign (U+212A). */
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

void jv_each(
	const struct json *value, void (*each)(const char *key, const struct json *item, void *context), void *context)
{
	json_t *object = inner(value);

	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		each(json_object_iter_key(at), (const struct json *)json_object_iter_value(at), context);
	for (size_t i = 0; i < jv_count(value); i++)
		each(NULL, jv_at(value, i), context);
}

const char *jv_as_text(const struct json *value)
{
	return json_string_value(inner(value));
}
