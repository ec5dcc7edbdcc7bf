// SPDX-License-Identifier: MIT
/* image/reference: what registries take as a name, and nothing else. */
#include "image/reference.h"

#include <string.h>

#include "check.h"

static const char *const good[] = { "a", "me/it", "a.b/c_d/e__f/g-h/i--j", "localhost/x", "localhost:5000/x",
	"127.0.0.1:5000/me/it", "Registry.Example/x", "registry.example:5000/a/b/c", "[::1]:5000/x", "9/9",
	"me/cron-connector" };
static const char *const bad[] = { "", "/", "a/", "/a", "a//b", "a..b", "a.", ".a", "-a", "a-", "a_", "a___b", "a._b",
	"Me", "me/It", "me/it:1", "http://x", "x:y:z", "x:y/z", "x:/z", ":5000/x", "a.b:5000", "a b", "a@b", "-x.y/z",
	"x.y-/z", "x.y:1a/z", "\xc3\xa9", "a\n" };

static void names(void **state)
{
	char text[REFERENCE_NAME_MAX + 2] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		check(reference_is_name(good[i]), "'%s' is refused", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check(!reference_is_name(bad[i]), "'%s' is taken", bad[i]);
	memset(text, 'a', REFERENCE_NAME_MAX);
	check(reference_is_name(text), "%zu characters are refused", strlen(text));
	text[REFERENCE_NAME_MAX] = 'a';
	check(!reference_is_name(text), "%zu characters are taken", strlen(text));
}

static void tags(void **state)
{
	static const char *const fine[] = { "1.0", "_", "A-b.c_d", "latest" };
	static const char *const wrong[] = { "", ".a", "-a", "a/b", "a:b", "a b", "a+b", "\xc3\xa9" };
	char text[REFERENCE_TAG_MAX + 2] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++)
		check(reference_is_tag(fine[i]), "'%s' is refused", fine[i]);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		check(!reference_is_tag(wrong[i]), "'%s' is taken", wrong[i]);
	memset(text, 'a', REFERENCE_TAG_MAX);
	check(reference_is_tag(text), "%zu characters are refused", strlen(text));
	text[REFERENCE_TAG_MAX] = 'a';
	check(!reference_is_tag(text), "%zu characters are taken", strlen(text));
}

static void whole_names(void **state)
{
	static const struct {
		const char *typed, *whole;
	} cases[] = {
		{ "anyarch:latest", "docker.io/library/anyarch:latest" },
		{ "anyarch", "docker.io/library/anyarch" },
		{ "me/it:1", "docker.io/me/it:1" },
		{ "docker.io/anyarch:1", "docker.io/library/anyarch:1" },
		{ "docker.io/me/it:1", "docker.io/me/it:1" },
		{ "index.docker.io/it:1", "docker.io/library/it:1" },
		{ "docker.io/library/it:1", "docker.io/library/it:1" },
		{ "localhost/x:1", "localhost/x:1" },
		{ "localhost:5000/x:1", "localhost:5000/x:1" },
		{ "registry.example/x", "registry.example/x" },
		{ "Host/x:1", "Host/x:1" },
		{ "[::1]:5000/x:1", "[::1]:5000/x:1" },
		{ "a/b/c:1", "docker.io/a/b/c:1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf whole = { 0 }, again = { 0 };

		reference_full(cases[i].typed, &whole);
		check(!strcmp(buf_text(&whole), cases[i].whole), "'%s' becomes '%s'", cases[i].typed, buf_text(&whole));
		reference_full(buf_text(&whole), &again);
		check(!strcmp(buf_text(&again), cases[i].whole), "'%s' becomes '%s'", buf_text(&whole),
			buf_text(&again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { unit(names), unit(tags), unit(whole_names) };

	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
