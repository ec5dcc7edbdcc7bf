// SPDX-License-Identifier: MIT
/* base/json: what documents look like, and that one which is not whole is not written. */
#include "base/json.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>

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
	check_text("numbers", array, "[\n  42,\n  9223372036854775807\n]\n");
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

/* What spoils a document spoils all later ones of its process, so these are made in another. */
static int write_in_child(void (*fill)(struct json *array), char text[64])
{
	int ends[2], status = -1;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		struct json *array = jv_array();
		FILE *out = fdopen(ends[1], "w");
		int r;

		fill(array);
		r = jv_write(array, out);
		_exit(fclose(out) || r ? 1 : 0);
	}
	close(ends[1]);
	n = read(ends[0], text, 63);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void fill_with_nothing(struct json *array)
{
	jv_push(array, NULL);
}

static void fill_key_with_nothing(struct json *array)
{
	struct json *object = jv_object();

	jv_push(array, object);
	jv_set(object, "key", NULL);
}

static void fill_with_the_largest(struct json *array)
{
	jv_push(array, jv_uint(ULONG_MAX));
}

static void a_missing_value_spoils_the_document(void **state)
{
	char text[64];

	(void)state;
	check(write_in_child(fill_with_nothing, text) == 1 && !*text, "written: '%s'", text);
	check(write_in_child(fill_key_with_nothing, text) == 1 && !*text, "written: '%s'", text);
}

/* A number that the library cannot hold must not turn into another. */
static void the_largest_number(void **state)
{
	char text[64];

	(void)state;
	check(write_in_child(fill_with_the_largest, text) == 1 || !strchr(text, '-'), "%lu is written as '%s'",
		ULONG_MAX, text);
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
		unit(a_missing_value_spoils_the_document),
		unit(the_largest_number),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
