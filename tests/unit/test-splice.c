// SPDX-License-Identifier: MIT
/* image/splice: places in JSON texts, and changes there that leave the rest as it was. */
#include "image/splice.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "check.h"

static void finds(const char *text, const char *path, const char *expected)
{
	struct span span;
	bool found = span_path(text, path, &span);

	check(found == (expected != NULL), "%s in %s: %s", path, text, found ? "found" : "not found");
	check(!found || !expected || (strlen(expected) == span.len && !strncmp(text + span.at, expected, span.len)),
		"%s in %s: '%.*s' instead of %s", path, text, found ? (int)span.len : 0, text + (found ? span.at : 0),
		expected);
}

static void members_are_found_where_they_stand(void **state)
{
	(void)state;
	finds("{\"a\":1}", "a", "1");
	finds("{\"a\":1}", "", "{\"a\":1}");
	finds(" \n{ \"a\" : -1.5e3 , \"b\":[ ] }\n", "a", "-1.5e3");
	finds(" \n{ \"a\" : -1.5e3 , \"b\":[ ] }\n", "b", "[ ]");
	finds("{\"a\":{\"b\":{\"c\":\"x\"}}}", "a.b.c", "\"x\"");
	finds("{\"b\":{\"a\":2},\"a\":3}", "a", "3");
	finds("{\"x\":\"\\\"a\\\":1\",\"a\":null}", "a", "null");
	finds("{\"x\":\"}],\\\\\",\"a\":true}", "a", "true");
	finds("{\"x\":[{\"a\":1},[2,{}]],\"a\":\"\"}", "a", "\"\"");
	finds("{\"\\u0061\":1}", "a", "1");
	finds("{\"\\u0061b\\/\":{\"\\u0063\":1}}", "ab/.c", "1");
	finds("{\"aa\":1,\"\":2,\"A\":3}", "a", NULL);
	finds("{\"\\u0161\":1}", "a", NULL);
	finds("{\"\xc3\xa4\":1,\"a\":2}", "a", "2");
	finds("{}", "a", NULL);
	finds("[]", "a", NULL);
	finds("{\"a\":[1]}", "a.b", NULL);
	finds("{\"a\":\"b\"}", "a.b", NULL);
}

static void items_are_found_in_their_order(void **state)
{
	static const char text[] = "[ 1 ,\"],\", [2 , 3],{\"a\":[4]}\t,null ]";
	static const char *const expected[] = { "1", "\"],\"", "[2 , 3]", "{\"a\":[4]}", "null" };
	struct span array = span_whole(text), item = { 0 };
	size_t n = 0;

	(void)state;
	for (; span_next(text, array, &item); n++)
		check(n < ARRAY_SIZE(expected) && item.len == strlen(expected[n]) &&
				!strncmp(text + item.at, expected[n], item.len),
			"item %zu: %.*s", n, (int)item.len, text + item.at);
	check(n == ARRAY_SIZE(expected), "%zu items", n);
	item = (struct span){ 0 };
	check(!span_next("[ \n]", (struct span){ 0, 4 }, &item), "an item of nothing");
	check(!span_next("{}", (struct span){ 0, 2 }, &item), "an item of an object");
}

/* Appends to the array, and takes the item out again: the bytes are those that they were. */
static void goes_round(const char *text, const char *expected)
{
	struct splice there = { 0 }, back = { 0 };
	auto_buf changed = { 0 }, again = { 0 };
	struct span array;

	check(span_path(text, "list", &array), "no list in %s", text);
	splice_items(&there, text, array, (struct splice_flags){ 0 }, "{\"x\":1}");
	splice_apply(&there, text, strlen(text), &changed);
	check(!strcmp(buf_text(&changed), expected), "%s", buf_text(&changed));
	check(span_path(buf_text(&changed), "list", &array), "no list any more");
	splice_drop_last(&back, buf_text(&changed), array);
	splice_apply(&back, buf_text(&changed), changed.len, &again);
	check(!strcmp(buf_text(&again), text), "back: %s", buf_text(&again));
	splice_done(&there);
	splice_done(&back);
}

static void what_is_appended_goes_without_a_trace(void **state)
{
	(void)state;
	goes_round("{\"list\":[]}", "{\"list\":[{\"x\":1}]}");
	goes_round("{\"list\":[ ]}", "{\"list\":[{\"x\":1} ]}");
	goes_round("{\"list\":[1]}", "{\"list\":[1,{\"x\":1}]}");
	goes_round("{\n  \"list\": [\n    1,\n    2\n  ]\n}\n", "{\n  \"list\": [\n    1,\n    2,{\"x\":1}\n  ]\n}\n");
	goes_round("{\"a\":\"[\",\"list\":[\"]\",[1,2] ] ,\"b\":[]}",
		"{\"a\":\"[\",\"list\":[\"]\",[1,2],{\"x\":1} ] ,\"b\":[]}");
}

static void items_are_dropped_with_one_comma(void **state)
{
	static const struct {
		const char *text;
		bool drops[3];
		const char *more, *expected;
	} cases[] = {
		{ "[1, 2, 3]", { false, true }, NULL, "[1, 3]" },
		{ "[1, 2, 3]", { true, true }, NULL, "[3]" },
		{ "[1, 2, 3]", { false, false, true }, "4", "[1, 2,4]" },
		{ "[1, 2, 3]", { true, false, true }, "4", "[2,4]" },
		{ "[1,2,3 ]", { true, true, true }, NULL, "[ ]" },
		{ "[1,2,3 ]", { true, true, true }, "4", "[4 ]" },
		{ "[1,2,3,4]", { false, true, true }, "5", "[1,4,5]" },
		{ "[]", { true }, "1", "[1]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		struct splice s = { 0 };
		auto_buf out = { 0 };

		splice_items(&s, text, span_whole(text), (struct splice_flags){ cases[i].drops, 3 }, cases[i].more);
		splice_apply(&s, text, strlen(text), &out);
		check(!strcmp(buf_text(&out), cases[i].expected), "%s: %s", text, buf_text(&out));
		splice_done(&s);
	}
}

static void changes_are_made_in_any_order(void **state)
{
	static const char text[] = "{ \"size\": 1.0e1, \"digest\" : \"old\", \"list\": [] }";
	struct splice s = { 0 };
	auto_buf out = { 0 };
	struct span span;

	(void)state;
	check(span_path(text, "list", &span), "no list");
	splice_items(&s, text, span, (struct splice_flags){ 0 }, "true");
	check(span_path(text, "size", &span), "no size");
	splice_replace(&s, span, "12345");
	check(span_path(text, "digest", &span), "no digest");
	splice_replace(&s, span, "\"new\"");
	splice_apply(&s, text, strlen(text), &out);
	check(!strcmp(buf_text(&out), "{ \"size\": 12345, \"digest\" : \"new\", \"list\": [true] }"), "%s",
		buf_text(&out));
	splice_done(&s);
}

/* Whatever jansson accepts, the places agree with it. */
static void places_agree_with_the_parser(void **state)
{
	static const char letters[] = "{}[]\":,\\u0061a1 e-.\ntruefalsn";
	unsigned accepted = 0;
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 300000; round++) {
		char text[24] = "{\"a\":";
		struct span span;
		struct json *value;
		auto_err e = { 0 };
		size_t n = 5 + round % 17;

		for (size_t i = 5; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		text[n] = '}';
		text[n + 1] = '\0';
		value = jv_load(text, n + 1, &e);
		if (!value)
			continue;
		accepted++;
		check(span_path(text, "a", &span) && span.at >= 5 && span.at + span.len <= n + 1, "'%s': a not found",
			text);
		jv_free(value);
	}
	check(accepted > 50, "only %u texts were JSON", accepted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(members_are_found_where_they_stand),
		unit(items_are_found_in_their_order),
		unit(what_is_appended_goes_without_a_trace),
		unit(items_are_dropped_with_one_comma),
		unit(changes_are_made_in_any_order),
		unit(places_agree_with_the_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
