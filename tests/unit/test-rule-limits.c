// SPDX-License-Identifier: MIT
/* binfmt/rule: what fits into a rule, and what cannot be written as one. */
#include <stdio.h>
#include <string.h>

#include "binfmt/rule.h"
#include "check.h"

/* 1920 bytes in all, as fs/binfmt_misc.c counts them. */
static void text_has_a_limit(void **state)
{
	(void)state;
	for (size_t len = RULE_TEXT_MAX - 2; len <= RULE_TEXT_MAX + 2; len++) {
		static const char before[] = ":a:M::\\x61:\\xff:/";
		struct rule rule = { .name = (char[]){ "a" }, .size = 1, .magic = { 'a' }, .mask = { 0xff } };
		auto_buf text = { 0 }, out = { 0 };
		auto_rule back = { 0 };
		int expected = len > RULE_TEXT_MAX ? -EBADMSG : 0;
		auto_err e = { 0 };
		char what[32];

		snprintf(what, sizeof(what), "%zu bytes", len);
		buf_adds(&text, before);
		while (text.len < len - 1)
			buf_adds(&text, "i");
		rule.interpreter = strdup(text.data + strlen(before) - 1);
		buf_adds(&text, ":");
		check_code(what, rule_parse(text.data, text.len, &back, &e), expected, &e);
		buf_adds(&out, "before");
		check_code(what, rule_render(&rule, &out, &e), expected, &e);
		check(out.len == 6 + (expected ? 0 : len), "%s: rendered %zu", what, out.len - 6);
		free(rule.interpreter);
	}
}

static void the_window_has_a_limit(void **state)
{
	static const struct {
		unsigned offset;
		size_t size;
		bool fits;
	} cases[] = {
		{ 0, 1, true },
		{ 0, 256, true },
		{ 0, 257, false },
		{ 255, 1, true },
		{ 256, 1, false },
		{ 255, 2, false },
		{ 156, 100, true },
		{ 157, 100, false },
		{ 1, 256, false },
		{ 257, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf text = { 0 }, out = { 0 };
		auto_rule rule = { 0 };
		auto_err e = { 0 };
		char what[32];
		int r;

		snprintf(what, sizeof(what), "%zu at %u", cases[i].size, cases[i].offset);
		buf_addf(&text, ":a:M:%u:", cases[i].offset);
		for (size_t k = 0; k < cases[i].size; k++)
			buf_adds(&text, "a");
		buf_adds(&text, "::/i:");
		r = rule_parse(text.data, text.len, &rule, &e);
		check_code(what, r, cases[i].fits ? 0 : -EBADMSG, &e);
		/* With \xNN for each byte of magic and mask the whole window is too long to be
		 * written. */
		if (!r)
			check_code(what, rule_render(&rule, &out, &e), cases[i].size > 235 ? -EBADMSG : 0, &e);
	}
}

static void names_are_checked(void **state)
{
	static const struct {
		const char *name;
		bool is_good;
	} cases[] = {
		{ "qemu-arm", true },
		{ "a", true },
		{ "...", true },
		{ ".a", true },
		{ "a b", true },
		{ "register2", true },
		{ "statu", true },
		{ "-1", true },
		{ "\xc3\xa9", true },
		{ "qemu-arm.new-0123456789ab", true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "register", false },
		{ "status", false },
		{ "a/b", false },
		{ "/a", false },
		{ "a/", false },
		{ "../x", false },
		{ "a:b", false },
		{ "a\nb", false },
		{ "a\n", false },
		{ "\x1b[2J", false },
		{ "a\tb", false },
		{ "a\x7f", false },
		{ "\x01", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *what = shown(cases[i].name, strlen(cases[i].name));
		int expected = cases[i].is_good ? 0 : -EBADMSG;
		auto_err e = { 0 };

		check_code(what, rule_check_name(cases[i].name, &e), expected, &e);
		if (expected)
			check_sentence(what, &e);
	}
}

static void names_have_a_limit(void **state)
{
	(void)state;
	for (size_t len = 250; len <= 300; len++) {
		char name[301], text[400];
		int expected = len > RULE_NAME_MAX ? -EBADMSG : 0;
		auto_rule rule = { 0 };
		auto_err e = { 0 };

		memset(name, 'n', len);
		name[len] = '\0';
		check_code("a long name", rule_check_name(name, &e), expected, &e);
		snprintf(text, sizeof(text), ":%s:M::ab::/i:", name);
		check_code("a rule with a long name", rule_parse(text, strlen(text), &rule, &e), expected, &e);
	}
}

/* Rules that no text can stand for. */
static void what_cannot_be_written_is_refused(void **state)
{
	static const struct {
		const char *what, *name, *interpreter, *extension;
		unsigned offset;
		size_t size;
	} cases[] = {
		{ "no interpreter", "a", "", NULL, 0, 1 },
		{ "a delimiter in the interpreter", "a", "/a:b", NULL, 0, 1 },
		{ "a newline in the interpreter", "a", "/a\nb", NULL, 0, 1 },
		{ "a newline behind the interpreter", "a", "/a\n", NULL, 0, 1 },
		{ "a delimiter in the name", "a:b", "/i", NULL, 0, 1 },
		{ "a slash in the name", "a/b", "/i", NULL, 0, 1 },
		{ "a reserved name", "register", "/i", NULL, 0, 1 },
		{ "no name", "", "/i", NULL, 0, 1 },
		{ "no magic", "a", "/i", NULL, 0, 0 },
		{ "a magic beyond the window", "a", "/i", NULL, 255, 2 },
		{ "an offset beyond the window", "a", "/i", NULL, 256, 1 },
		{ "an offset that wraps", "a", "/i", NULL, UINT32_MAX, 1 },
		{ "a delimiter in the extension", "a", "/i", "x:y", 0, 0 },
		{ "a newline in the extension", "a", "/i", "x\n", 0, 0 },
		{ "no extension", "a", "/i", "", 0, 0 },
		{ "a slash in the extension", "a", "/i", "x/y", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_rule rule = { .offset = cases[i].offset, .size = cases[i].size };
		auto_buf out = { 0 };
		auto_err e = { 0 };

		rule.name = strdup(cases[i].name);
		rule.interpreter = strdup(cases[i].interpreter);
		rule.extension = cases[i].extension ? strdup(cases[i].extension) : NULL;
		check_code(cases[i].what, rule_render(&rule, &out, &e), -EBADMSG, &e);
		check_sentence(cases[i].what, &e);
		check(!out.len, "%s: '%s' is written", cases[i].what, buf_text(&out));
	}
}

static void flags_are_written_in_the_kernels_order(void **state)
{
	static const char *const texts[16] = { "", "P", "O", "PO", "C", "PC", "OC", "POC", "F", "PF", "OF", "POF", "CF",
		"PCF", "OCF", "POCF" };

	(void)state;
	for (unsigned flags = 0; flags < 16; flags++) {
		char text[RULE_FLAGS_TEXT];

		rule_flags_text(flags, text);
		check(!strcmp(text, texts[flags]), "%u: '%s'", flags, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(text_has_a_limit),
		unit(the_window_has_a_limit),
		unit(names_are_checked),
		unit(names_have_a_limit),
		unit(what_cannot_be_written_is_refused),
		unit(flags_are_written_in_the_kernels_order),
	};

	return cmocka_run_group_tests_name("rule, limits", tests, NULL, NULL);
}
