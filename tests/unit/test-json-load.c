// SPDX-License-Identifier: MIT
/* base/json: what is read is strict JSON, and asking for what is not there is harmless. */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "check.h"

/* Loads a copy that ends where it ends. */
static struct json *load(const char *text, size_t len, struct err *e)
{
	auto_free char *exact = malloc(len + 1);

	assert_non_null(exact);
	memcpy(exact + 1, text, len);
	return jv_load(exact + 1, len, e);
}

#define TEXT(s) s, sizeof(s) - 1

static void good_documents_are_read(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ TEXT("{}") },
		{ TEXT("[]") },
		{ TEXT(" \t\r\n{}\n") },
		{ TEXT("{\"a\":{\"b\":[1,2,{\"c\":null}]}}") },
		{ TEXT("[\"\\u00e9\\n\\\"\\\\\\/\", \"\xc3\xa9\", \"\\ud83d\\udc27\"]") },
		{ TEXT("[0, -1, 9223372036854775807, 1.5, 1e3, true, false, null]") },
		{ TEXT("{\"a\":1,\"A\":2}") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_err e = { 0 };
		struct json *value = load(cases[i].text, cases[i].len, &e);

		check(value && !e.message, "%s: %s", cases[i].text, e.message);
		jv_free(value);
	}
}

static void bad_documents_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ TEXT("") },
		{ TEXT(" ") },
		{ TEXT("null") },
		{ TEXT("\"text\"") },
		{ TEXT("42") },
		{ TEXT("{") },
		{ TEXT("[1,2") },
		{ TEXT("[1,]") },
		{ TEXT("[1 2]") },
		{ TEXT("{\"a\"}") },
		{ TEXT("{\"a\":}") },
		{ TEXT("{a:1}") },
		{ TEXT("{'a':1}") },
		{ TEXT("{\"a\":1,}") },
		{ TEXT("{1:2}") },
		{ TEXT("{} {}") },
		{ TEXT("{}x") },
		{ TEXT("{}]") },
		{ TEXT("{}\0") },
		{ TEXT("\xef\xbb\xbf{}") },
		{ TEXT("[/* comment */]") },
		{ TEXT("[NaN]") },
		{ TEXT("[Infinity]") },
		{ TEXT("[01]") },
		{ TEXT("[+1]") },
		{ TEXT("[.5]") },
		{ TEXT("[0x10]") },
		{ TEXT("[1e999]") },
		{ TEXT("[-1e999]") },
		{ TEXT("[99999999999999999999999999.5e400]") },
		{ TEXT("[99999999999999999999999999, 1e999]") },
		{ TEXT("[099999999999999999999999999]") },
		/* one key twice: two readers would read two documents */
		{ TEXT("{\"a\":1,\"a\":2}") },
		{ TEXT("{\"layers\":[],\"x\":{},\"layers\":[]}") },
		{ TEXT("{\"x\":{\"a\":1,\"a\":1}}") },
		{ TEXT("{\"a\":1,\"\\u0061\":2}") },
		/* text that is no text */
		{ TEXT("[\"\xff\"]") },
		{ TEXT("[\"\xc3\"]") },
		{ TEXT("[\"\xc0\xaf\"]") },
		{ TEXT("[\"\xed\xa0\x80\"]") },
		{ TEXT("[\"\xf4\x90\x80\x80\"]") },
		{ TEXT("[\"\\ud800\"]") },
		{ TEXT("[\"\\udc00\"]") },
		{ TEXT("[\"\\ud800\\u0041\"]") },
		{ TEXT("[\"\\u0000\"]") },
		{ TEXT("{\"a\\u0000b\":1}") },
		{ TEXT("[\"a\0b\"]") },
		{ TEXT("[\"a\nb\"]") },
		{ TEXT("[\"\x1b[2J\"]") },
		{ TEXT("[\"\\x41\"]") },
		{ TEXT("[\"\\u00g0\"]") },
		{ TEXT("[\"open]") },
		{ TEXT("[\x1b[2J]") },
		{ TEXT("\x1b[2J") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *what = shown(cases[i].text, cases[i].len);
		auto_err e = { 0 };
		struct json *value = load(cases[i].text, cases[i].len, &e);

		check(!value && e.code == -EBADMSG, "%s is taken (%d)", what, e.code);
		if (!value)
			check_sentence(what, &e);
		jv_free(value);
		check(!load(cases[i].text, cases[i].len, NULL) || value, "%s: taken the second time", what);
	}
}

/* Nesting is bounded, so that no document exhausts the stack; what images need is far below. */
static void nesting_is_bounded(void **state)
{
	static const struct {
		size_t depth;
		bool is_good;
	} cases[] = { { 8, true }, { 100, true }, { 100000, false }, { 1000000, false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf text = { 0 };
		auto_err e = { 0 };
		struct json *value;

		for (size_t k = 0; k < cases[i].depth; k++)
			buf_adds(&text, i % 2 ? "[" : "{\"a\":");
		buf_adds(&text, i % 2 ? "" : "1");
		for (size_t k = 0; k < cases[i].depth; k++)
			buf_adds(&text, i % 2 ? "]" : "}");
		value = jv_load(text.data, text.len, &e);
		check((value != NULL) == cases[i].is_good, "%zu deep: %s", cases[i].depth,
			e.message ? e.message : "taken");
		check(value || strlen(e.message) < 400, "%zu deep: a long message", cases[i].depth);
		jv_free(value);
	}
}

static void long_text_is_shortened_in_messages(void **state)
{
	auto_buf text = { 0 };
	auto_err e = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_adds(&text, "nonsense");
	check(!jv_load(text.data, text.len, &e), "taken");
	check(e.message && strlen(e.message) < 400, "a message of %zu bytes", e.message ? strlen(e.message) : 0);
}

static const char document[] = "{\"text\":\"t\",\"empty\":\"\",\"none\":null,\"yes\":true,"
			       "\"zero\":0,\"big\":9223372036854775807,\"minus\":-1,\"real\":1.0,"
			       "\"list\":[\"a\",7,null,[]],\"object\":{\"inner\":5}}";

static void members_are_found(void **state)
{
	struct json *value = load(TEXT(document), NULL);
	const struct json *list = jv_get(value, "list");
	uint64_t n = 12345;

	(void)state;
	check(jv_is_object(value) && !jv_is_array(value), "the document");
	check(!strcmp(jv_get_text(value, "text"), "t"), "text");
	check(!strcmp(jv_get_text(value, "empty"), ""), "empty text");
	check(jv_get_size(value, "zero", &n) && n == 0, "0");
	check(jv_get_size(value, "big", &n) && n == INT64_MAX, "the largest");
	check(jv_get_size(jv_get(value, "object"), "inner", &n) && n == 5, "an inner one");
	check(jv_is_array(list) && jv_count(list) == 4, "%zu items", jv_count(list));
	check(!strcmp(jv_as_text(jv_at(list, 0)), "a"), "the first item");
	check(jv_is_array(jv_at(list, 3)) && jv_count(jv_at(list, 3)) == 0, "the last item");
	jv_free(value);
}

/* Beyond 64 bits: read as nothing, and the rest as it is. */
static void integers_of_any_length(void **state)
{
	static const char text[] = "{\"a\":9223372036854775808,\"b\":5,\"c\":[-99999999999999999999999999 ,1],"
				   "\"d\":\"99999999999999999999999\",\"e\":123456789012345678901234567890}";
	struct json *value = load(TEXT(text), NULL);
	uint64_t n = 12345;

	(void)state;
	check(jv_is_object(value), "the document");
	check(jv_get_size(value, "b", &n) && n == 5, "a small one");
	check(jv_get_size(value, "a", &n) && n == 0, "a big one");
	check(jv_count(jv_get(value, "c")) == 2, "a list");
	check(!strcmp(jv_get_text(value, "d"), "99999999999999999999999"), "a text");
	jv_free(value);
	value = load(TEXT("[9223372036854775808]"), NULL);
	check(jv_count(value) == 1, "alone");
	jv_free(value);
}

static void what_is_not_there_is_none(void **state)
{
	struct json *value = load(TEXT(document), NULL);
	const struct json *list = jv_get(value, "list");
	static const char *const no_sizes[] = { "text", "empty", "none", "yes", "minus", "real", "list", "object",
		"absent", "" };
	static const char *const no_texts[] = { "none", "yes", "zero", "list", "object", "absent" };
	uint64_t n = 12345;

	(void)state;
	check(!jv_get(value, "absent") && !jv_get(value, "none") && !jv_get(value, "Text"), "a member");
	check(!jv_get(list, "text") && !jv_get(NULL, "text"), "a member of what is no object");
	for (size_t i = 0; i < ARRAY_SIZE(no_sizes); i++)
		check(!jv_get_size(value, no_sizes[i], &n) && n == 12345, "'%s' has a size", no_sizes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no_texts); i++)
		check(!jv_get_text(value, no_texts[i]), "'%s' has a text", no_texts[i]);
	check(!jv_count(value) && !jv_count(NULL) && !jv_count(jv_get(value, "text")), "items");
	check(!jv_at(list, 4) && !jv_at(list, SIZE_MAX) && !jv_at(value, 0) && !jv_at(NULL, 0), "an item");
	check(!jv_as_text(jv_at(list, 1)) && !jv_as_text(jv_at(list, 2)) && !jv_as_text(NULL), "a text");
	check(!jv_is_object(NULL) && !jv_is_array(NULL) && !jv_is_object(list), "a kind");
	jv_free(value);
}

static void what_is_written_is_read_again(void **state)
{
	struct json *value = load(TEXT(document), NULL), *again;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	uint64_t n = 0;

	(void)state;
	assert_non_null(out);
	check(jv_write(value, out) == 0, "not written");
	fclose(out);
	again = load(text, size, NULL);
	check(jv_get_size(again, "big", &n) && n == INT64_MAX, "another number: %llu", (unsigned long long)n);
	check(jv_count(jv_get(again, "list")) == 4, "another list");
	jv_free(again);
	jv_free(value);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(good_documents_are_read),
		unit(bad_documents_are_refused),
		unit(nesting_is_bounded),
		unit(long_text_is_shortened_in_messages),
		unit(members_are_found),
		unit(integers_of_any_length),
		unit(what_is_not_there_is_none),
		unit(what_is_written_is_read_again),
	};

	return cmocka_run_group_tests_name("json, load", tests, NULL, NULL);
}
