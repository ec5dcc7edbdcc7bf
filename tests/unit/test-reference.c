// SPDX-License-Identifier: MIT
/* project/reference: what registries take as a name, and nothing else. */
#include "project/reference.h"

#include <string.h>

#include "check.h"

static const char *const good[] = { "a", "me/it", "a.b/c_d/e__f/g-h/i--j", "localhost/x", "localhost:5000/x", "127.0.0.1:5000/me/it",
	"Registry.Example/x", "registry.example:5000/a/b/c", "[::1]:5000/x", "9/9", "me/cron-connector" };
static const char *const bad[] = { "", "/", "a/", "/a", "a//b", "a..b", "a.", ".a", "-a", "a-", "a_", "a___b", "a._b", "Me", "me/It", "me/it:1",
	"http://x", "x:y:z", "x:y/z", "x:/z", ":5000/x", "a.b:5000", "a b", "a@b", "-x.y/z", "x.y-/z", "x.y:1a/z", "\xc3\xa9", "a\n" };

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

int main(void)
{
	const struct CMUnitTest tests[] = { unit(names), unit(tags) };

	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
