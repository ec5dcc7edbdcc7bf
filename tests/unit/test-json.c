// SPDX-License-Identifier: MIT
/* base/json: what documents look like. */
#include "base/json.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "check.h"

/* Writes the value, which is freed, and compares. */
static void check_text(const char *what, struct json *value, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	assert_non_null(out);
	r = jv_write(value, out);
	fclose(out);
	check(r == 0, "%s: %d", what, r);
	check(!strcmp(text, expected), "%s: '%s'", what, text);
	free(text);
	jv_free(value);
}

static void values(void **state)
{
	struct json *array = jv_array();

	(void)state;
	check_text("an empty object", jv_object(), "{}\n");
	check_text("an empty array", jv_array(), "[]\n");
	jv_push(array, jv_bool(true));
	jv_push(array, jv_bool(false));
	jv_push(array, jv_null());
	jv_push(array, jv_text(NULL));
	jv_push(array, jv_text(""));
	jv_push(array, jv_uint(0));
	check_text("one of each", array, "[\n  true,\n  false,\n  null,\n  null,\n  \"\",\n  0\n]\n");
}

static void numbers(void **state)
{
	struct json *array = jv_array();

	(void)state;
	jv_push(array, jv_uint(42));
	jv_push(array, jv_uint(LONG_MAX));
	jv_push(array, jv_uint(ULONG_MAX)); /* jansson's end at the one before */
	check_text("numbers", array, "[\n  42,\n  9223372036854775807,\n  null\n]\n");
}

static void keys_stay_in_their_order(void **state)
{
	struct json *object = jv_object(), *inner = jv_object();

	(void)state;
	jv_set(object, "zebra", jv_uint(1));
	jv_set(object, "apple", jv_uint(2));
	jv_set(object, "mango", inner);
	jv_set(inner, "b", jv_text("x"));
	jv_set(inner, "a", jv_array());
	jv_set(object, "apple", jv_uint(3));
	check_text("an object", object,
		"{\n  \"zebra\": 1,\n  \"apple\": 3,\n  \"mango\": {\n    \"b\": \"x\",\n"
		"    \"a\": []\n  }\n}\n");
}

static void text_is_always_valid(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "plain", "\"plain\"\n" },
		{ "a\"b", "\"a\\\"b\"\n" },
		{ "a\\b", "\"a\\\\b\"\n" },
		{ "a\nb\x1b", "\"a\\\\x0ab\\\\x1b\"\n" },
		{ "\xff", "\"\\\\xff\"\n" },
		{ "\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\"\n" },
		{ "\xc3\xa9", "\"\\u00E9\"\n" },
		{ "\xf0\x9f\x90\xa7", "\"\\uD83D\\uDC27\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json *array = jv_array();
		char expected[64];

		snprintf(expected, sizeof(expected), "[\n  %.*s\n]\n", (int)strlen(cases[i].expected) - 1,
			cases[i].expected);
		jv_push(array, jv_text(cases[i].text));
		check_text(shown(cases[i].text, strlen(cases[i].text)), array, expected);
	}
}

static void a_full_disk_is_an_error(void **state)
{
	struct json *object = jv_object();
	FILE *out = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	jv_set(object, "key", jv_uint(1));
	check(jv_write(object, out) == -EIO, "written to a full disk");
	fclose(out);
	jv_free(object);
}

static void nothing_can_be_freed(void **state)
{
	(void)state;
	jv_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(values),
		unit(numbers),
		unit(keys_stay_in_their_order),
		unit(text_is_always_valid),
		unit(a_full_disk_is_an_error),
		unit(nothing_can_be_freed),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
