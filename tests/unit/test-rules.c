// SPDX-License-Identifier: MIT
/* What must be so for a tool to run natively, and how its arguments change then. */
#include "check.h"

#include <string.h>

#include "emulator/entry/rules.h"

enum { ROOM = 128 };

static const char *twin_of(void *context, const char *path)
{
	(void)context;
	return path && !strcmp(path, "/foreign.so") ? "/native.so" : NULL;
}

static bool exists(const char *path)
{
	return !strcmp(path, "/there");
}

static bool file_has(const char *path, const char *text)
{
	return strcmp(path, "good") && (!strcmp(path, "missing") || strstr(path, text));
}

/* Joins what comes out with blanks; "emulated" where it is not to run natively. */
static const char *applied(const char *words, size_t len, char **args, char **env)
{
	static char text[1024];
	const char *out[ROOM];
	char *none[] = { NULL };
	struct rules_input in = { .words = words,
		.end = words + len,
		.args = args,
		.env = env ? env : none,
		.plugin = twin_of,
		.exists = exists,
		.file_has = file_has };

	if (!rules_apply(&in, out))
		return "emulated";
	*text = '\0';
	for (size_t i = 0; out[i]; i++) {
		if (i)
			strcat(text, " ");
		strcat(text, out[i]);
	}
	return text;
}

#define ARGS(...)	  ((char *[]){ __VA_ARGS__, NULL })
#define APPLY(words, ...) applied(words "\0", sizeof(words), ARGS(__VA_ARGS__), NULL)

static void test_without_rules_nothing_changes(void **state)
{
	(void)state;
	assert_string_equal(APPLY("", "-c", "a.c"), "-c a.c");
}

static void test_some_arguments_are_emulated(void **state)
{
	(void)state;
	assert_string_equal(APPLY("v-fplugin", "-fplugin=x.so", "a.c"), "emulated");
	assert_string_equal(APPLY("v-fplugin", "-O2", "a-fplugin"), "-O2 a-fplugin");
	assert_string_equal(APPLY("s=native", "-march=native"), "emulated");
	assert_string_equal(APPLY("s=native", "-march=nativ"), "-march=nativ");
	assert_string_equal(APPLY("x/there", "-c"), "emulated");
	assert_string_equal(APPLY("x/elsewhere", "-c"), "-c");
}

static void test_response_files(void **state)
{
	(void)state;
	assert_string_equal(APPLY("r\0v-fplugin\0aX", "@good"), "@good X");
	assert_string_equal(APPLY("r\0v-fplugin", "@-O2 -fplugin=x"), "emulated");
	assert_string_equal(APPLY("r\0v-fplugin", "@-O2"), "@-O2");
	assert_string_equal(APPLY("r\0v-fplugin", "@-O2 @other"), "emulated");
	assert_string_equal(APPLY("r\0v-fplugin", "@missing"), "emulated");
	assert_string_equal(APPLY("r\0p-plugin", "@-plugin x"), "emulated");
	assert_string_equal(APPLY("r\0u-nostdinc\0aX\0.", "@-nostdinc"), "emulated");
	assert_string_equal(APPLY("v-fplugin", "@-fplugin"), "@-fplugin");
}

static void test_some_must_be_there(void **state)
{
	(void)state;
	assert_string_equal(APPLY("n-imultiarch", "-imultiarch", "arm"), "-imultiarch arm");
	assert_string_equal(APPLY("n-imultiarch", "-imultiarchx"), "emulated");
}

static void test_variables(void **state)
{
	char *env[] = { "CPATHX=1", "C_INCLUDE_PATH=", NULL };
	const char *value = NULL;

	(void)state;
	assert_string_equal(applied("eCPATH\0", 8, ARGS("-c"), env), "-c");
	assert_string_equal(applied("eC_INCLUDE_PATH\0", 17, ARGS("-c"), env), "emulated");
	assert_true(rules_has_variable(env, "CPATHX", &value));
	assert_string_equal(value, "1");
	assert_false(rules_passes_on("LD_PRELOAD=libfakeroot.so"));
	assert_false(rules_passes_on("LD_LIBRARY_PATH=/usr/lib"));
	assert_true(rules_passes_on("LD_RUN_PATH=/opt/lib"));
	assert_true(rules_passes_on("LDFLAGS=-g"));
	assert_true(rules_passes_on("PATH=/bin"));
}

static void test_letters_of_options(void **state)
{
	(void)state;
	assert_string_equal(APPLY("og", "-k1,1", "big"), "-k1,1 big");
	assert_string_equal(APPLY("og", "-rg"), "emulated");
	assert_string_equal(APPLY("og", "-k", "2,3g"), "emulated");
	assert_string_equal(APPLY("og", "big", "-r"), "emulated"); /* tar xNf */
	assert_string_equal(APPLY("og", "+1g"), "emulated");
}

static void test_shells(void **state)
{
	(void)state;
	assert_string_equal(APPLY("culimit", "-ec", "echo x"), "-ec echo x");
	assert_string_equal(APPLY("culimit", "-c", "ulimit -s 1"), "emulated");
	assert_string_equal(APPLY("culimit", "-e", "good", "ulimit"), "-e good ulimit");
	assert_string_equal(APPLY("culimit", "-o", "errexit", "good"), "-o errexit good");
	assert_string_equal(APPLY("culimit", "--", "good"), "-- good");
	assert_string_equal(APPLY("culimit", "has-ulimit"), "emulated");
	assert_string_equal(APPLY("culimit", "missing"), "emulated");
	assert_string_equal(APPLY("culimit", "-s", "good"), "emulated");
	assert_string_equal(APPLY("culimit", "-e"), "emulated");
	assert_string_equal(APPLY("culimit", "-"), "emulated");
	assert_string_equal(applied("culimit\0", 9, (char *[]){ NULL }, NULL), "emulated");
}

static void test_plain_environment(void **state)
{
	static const struct {
		const char *env[3];
		bool is_plain;
	} cases[] = {
		{ { "PATH=/bin", "LC=x" }, true },
		{ { "LANG=C.UTF-8", "LC_CTYPE=C.utf8" }, true },
		{ { "LANG=de_DE.UTF-8" }, false },
		{ { "LC_MESSAGES=de_DE.UTF-8" }, false },
		{ { "LANG=de_DE.UTF-8", "LC_ALL=C" }, true },
		{ { "LANG=C", "LC_ALL=de_DE" }, false },
		{ { "LANG=de_DE", "LC_ALL=" }, false },
		{ { "LANG=", "LC_ALL=POSIX" }, true },
		{ { "LANGUAGE=de" }, false },
		{ { "LANGUAGE=" }, true },
		{ { "LANGUAGE=C" }, true },
		{ { "LANGUAGE=POSIX", "LC_ALL=C.UTF-8" }, true },
		{ { "LANGUAGE=C:de" }, false },
		{ { "LANGUAGE=C.UTF-8" }, false },
		{ { "GCONV_PATH=/x" }, false },
		{ { "LOCPATH=/x" }, false },
		{ { "LD_LIBRARY_PATH=" }, false },
		{ { "LD_BIND_NOW=1" }, false },
		{ { "LD_RUN_PATH=/x" }, true },
		{ { "ANYARCH_ACCELERATE=cc" }, false },
		{ { "ANYARCH_ACCELERATE=1" }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (rules_is_plain((char **)cases[i].env) != cases[i].is_plain)
			fail_msg("%s", cases[i].env[0]);
}

static void test_accounts_of_files(void **state)
{
	static const struct {
		const char *text;
		bool is_files;
	} cases[] = {
		{ "", true },
		{ "passwd: files\ngroup:\tfiles # all\nhosts: files dns\n", true },
		{ "passwd:files", true },
		{ "passwd: files systemd\n", false },
		{ "hosts: dns\n group: compat\n", false },
		{ "initgroups: sss", false },
		{ "passwd: filesx", false },
		{ "passwd:", false },
		{ "passwd: fil", false },
		{ "# passwd: nis\nshadow: nis\n", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (rules_has_file_names(cases[i].text, strlen(cases[i].text)) != cases[i].is_files)
			fail_msg("%s", cases[i].text);
}

static void test_groups_are_added_unless(void **state)
{
	(void)state;
	assert_string_equal(APPLY("u-nostdinc\0u-nostdinc++\0aC++\0.\0u-nostdinc\0aC\0.", "a.cc"), "a.cc C++ C");
	assert_string_equal(
		APPLY("u-nostdinc\0u-nostdinc++\0aC++\0.\0u-nostdinc\0aC\0.", "-nostdinc++"), "-nostdinc++ C");
	assert_string_equal(APPLY("u-nostdinc\0u-nostdinc++\0aC++\0.\0u-nostdinc\0aC\0.", "-nostdinc"), "-nostdinc");
}

static void test_plugins_are_replaced(void **state)
{
	(void)state;
	assert_string_equal(APPLY("p-plugin\0p--plugin", "-plugin", "/foreign.so", "a.o"), "-plugin /native.so a.o");
	assert_string_equal(APPLY("p-plugin\0p--plugin", "--plugin=/foreign.so"), "--plugin /native.so");
	assert_string_equal(APPLY("p-plugin\0p--plugin", "-plugin", "/other.so"), "emulated");
	assert_string_equal(APPLY("p-plugin\0p--plugin", "-plugin"), "-plugin");
	assert_string_equal(APPLY("p-plugin\0p--plugin", "-plugin-opt=/foreign.so"), "-plugin-opt=/foreign.so");
}

static void test_words_before_the_arguments(void **state)
{
	(void)state;
	assert_string_equal(APPLY("b--plugin\0b/native.so", "rcs", "x.a"), "--plugin /native.so rcs x.a");
	assert_string_equal(APPLY("b--plugin\0aX", "-c"), "--plugin -c X");
	assert_string_equal(APPLY("p--plugin\0b--plugin\0b/own.so", "--plugin=/foreign.so"),
		"--plugin /own.so --plugin /native.so");
}

static void test_what_reaches_the_roots_loader_or_the_emulator(void **state)
{
	static const struct {
		const char *variable;
		bool wants;
	} cases[] = { { "LD_PRELOAD=/usr/lib/libfaketime.so.1", true }, { "LD_PRELOAD=", false },
		{ "LD_AUDIT=/x.so", true }, { "LD_AUDIT=", false }, { "QEMU_LD_PREFIX=/usr/arm", true },
		{ "QEMU_LD_PREFIX=", false }, { "QEMU_SET_ENV=A=1", true }, { "QEMU_UNSET_ENV=A", true },
		{ "LD_PRELOADED=1", false }, { "LD_LIBRARY_PATH=/x", false }, { "PATH=/bin", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *env[] = { "HOME=/root", (char *)(uintptr_t)cases[i].variable, NULL };

		check(rules_wants_emulator(env) == cases[i].wants, "%s", cases[i].variable);
	}
}

/* Words that have no end, or do not begin, are read to the end of what there is. */
static void test_the_end_is_kept(void **state)
{
	static const char words[] = "aX";

	(void)state;
	assert_string_equal(applied(words, 2, ARGS("-c"), NULL), "-c X");
	assert_string_equal(applied(words, 0, ARGS("-c"), NULL), "-c");
}

static void test_more_than_there_is_room_for(void **state)
{
	char words[40 * 3 + 1] = { 0 };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		memcpy(words + 3 * i, "aX", 3);
	for (const char *p = applied(words, sizeof(words), ARGS("-c"), NULL); *p; p++)
		n += *p == 'X';
	assert_int_equal(n, RULES_ADDED_MAX / 2 - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(test_without_rules_nothing_changes),
		unit(test_some_arguments_are_emulated),
		unit(test_response_files),
		unit(test_some_must_be_there),
		unit(test_variables),
		unit(test_letters_of_options),
		unit(test_shells),
		unit(test_plain_environment),
		unit(test_accounts_of_files),
		unit(test_groups_are_added_unless),
		unit(test_plugins_are_replaced),
		unit(test_words_before_the_arguments),
		unit(test_what_reaches_the_roots_loader_or_the_emulator),
		unit(test_the_end_is_kept),
		unit(test_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
