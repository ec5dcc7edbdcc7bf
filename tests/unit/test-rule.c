// SPDX-License-Identifier: MIT
/* binfmt/rule: rules as text, in both directions. */
#include "binfmt/rule.h"

#include <string.h>

#include "base/str.h"
#include "check.h"

static bool is_same(const struct rule *a, const struct rule *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->interpreter, b->interpreter) && !a->extension == !b->extension &&
	       (!a->extension || !strcmp(a->extension, b->extension)) && a->flags == b->flags &&
	       a->offset == b->offset && a->size == b->size && !memcmp(a->magic, b->magic, a->size) &&
	       !memcmp(a->mask, b->mask, a->size) && a->is_enabled == b->is_enabled;
}

/* Parses a copy that goes on behind its end: with what would be another rule, and not for long. */
static int parse(const char *text, size_t len, struct rule *ret, struct err *e)
{
	auto_free char *copy = malloc(len + 2);

	assert_non_null(copy);
	memcpy(copy, text, len);
	memcpy(copy + len, "Z", 2);
	return rule_parse(copy, len, ret, e);
}

static void check_round_trip(const struct rule *rule)
{
	auto_buf once = { 0 }, twice = { 0 };
	auto_rule back = { 0 };
	auto_err e = { 0 };
	int r = rule_render(rule, &once, &e);

	check_code(rule->name, r, 0, &e);
	if (r)
		return;
	check(once.len >= RULE_TEXT_MIN && once.len <= RULE_TEXT_MAX, "%s: %zu bytes", rule->name, once.len);
	check(!memchr(once.data, '\0', once.len) && !strchr(once.data, '\n'), "%s: a byte at which the kernel stops",
		rule->name);
	r = parse(once.data, once.len, &back, &e);
	check_code(rule->name, r, 0, &e);
	if (r)
		return;
	check(is_same(rule, &back), "%s: '%s' is another rule", rule->name, once.data);
	check(!rule_render(&back, &twice, NULL) && !strcmp(once.data, buf_text(&twice)), "%s: '%s', then '%s'",
		rule->name, once.data, buf_text(&twice));
}

static void every_row_survives_the_round_trip(void **state)
{
	static const unsigned flags[] = { 0, RULE_FIXED, RULE_FIXED | RULE_PRESERVE_ARGV0,
		RULE_FIXED | RULE_CREDENTIALS | RULE_OPEN_BINARY, RULE_PRESERVE_ARGV0 | RULE_OPEN_BINARY };

	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++)
			for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
				auto_rule rule =
					rule_for_arch(a, m, a->match[m].handler, "/usr/bin/an emulator", flags[i]);

				check_round_trip(&rule);
			}
}

static void every_byte_survives_the_round_trip(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		struct rule rule = {
			.name = (char[]){ "n" }, .interpreter = (char[]){ "/i" }, .size = 3, .is_enabled = true
		};

		rule.magic[0] = rule.magic[2] = (uint8_t)byte;
		rule.magic[1] = '\\';
		memset(rule.mask, 0xff, 2);
		rule.mask[2] = (uint8_t)~byte;
		rule.offset = byte < 254 ? byte : 253;
		check_round_trip(&rule);
	}
}

static void known_text(void **state)
{
	auto_rule rule = { 0 };
	auto_buf text = { 0 };
	auto_err e = { 0 };

	(void)state;
	rule = rule_for_arch(arch_by_qemu("aarch64"), 0, "qemu-aarch64", "/usr/bin/qemu-aarch64-static",
		RULE_FIXED | RULE_PRESERVE_ARGV0);
	check_code("render", rule_render(&rule, &text, &e), 0, &e);
	check(!strcmp(buf_text(&text), ":qemu-aarch64:M::"
				       "\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00\\x00\\x00"
				       "\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:"
				       "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\x00\\x00"
				       "\\x00\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:"
				       "/usr/bin/qemu-aarch64-static:PF"),
		"'%s'", buf_text(&text));
}

#define TEXT(s) s, sizeof(s) - 1

/* What Linux 6.18 takes, and how it understands it. */
static const struct good {
	const char *text;
	size_t len;
	const char *name, *magic, *mask, *interpreter, *flags, *extension;
	unsigned offset;
} good[] = {
	{ TEXT(":a:M::b::/:"), "a", "62", "ff", "/", "", NULL, 0 },
	{ TEXT(":a:M::ab::/bin/cat:"), "a", "6162", "ffff", "/bin/cat", "", NULL, 0 },
	{ TEXT(":a:M::ab::/bin/cat:\n"), "a", "6162", "ffff", "/bin/cat", "", NULL, 0 },
	{ TEXT(":a:M::ab::/bin/cat:P\n"), "a", "6162", "ffff", "/bin/cat", "P", NULL, 0 },
	{ TEXT(":a:M:0:ab:\\xff\\x0f:/i:F"), "a", "6162", "ff0f", "/i", "F", NULL, 0 },
	{ TEXT(":a:M:1:ab::/i:"), "a", "6162", "ffff", "/i", "", NULL, 1 },
	{ TEXT(":a:M:010:ab::/i:"), "a", "6162", "ffff", "/i", "", NULL, 10 },
	{ TEXT(":a:M:255:b::/i:"), "a", "62", "ff", "/i", "", NULL, 255 },
	{ TEXT(":a:M::\\x7fELF::/i:"), "a", "7f454c46", "ffffffff", "/i", "", NULL, 0 },
	{ TEXT(":a:M::\\x00\\x00::/i:"), "a", "0000", "ffff", "/i", "", NULL, 0 },
	{ TEXT(":a:M::\\xFf\\xaB::/i:"), "a", "ffab", "ffff", "/i", "", NULL, 0 },
	{ TEXT(":a:M::\\x3a\\x0a::/i:"), "a", "3a0a", "ffff", "/i", "", NULL, 0 },
	{ TEXT(":a:M::\\n::/i:"), "a", "5c6e", "ffff", "/i", "", NULL, 0 },
	{ TEXT(":a:M::\\\\x41::/i:"), "a", "5c5c783431", "ffffffffff", "/i", "", NULL, 0 },
	{ TEXT(":a:M::a\nb::/i:"), "a", "610a62", "ffffff", "/i", "", NULL, 0 },
	{ TEXT(":a:M::\xff\xfe::/i:"), "a", "fffe", "ffff", "/i", "", NULL, 0 },
	{ TEXT(":a:M::ab::/bin/c at:"), "a", "6162", "ffff", "/bin/c at", "", NULL, 0 },
	{ TEXT(":a:M::ab::/i:POCF"), "a", "6162", "ffff", "/i", "POCF", NULL, 0 },
	{ TEXT(":a:M::ab::/i:FCOP"), "a", "6162", "ffff", "/i", "POCF", NULL, 0 },
	{ TEXT(":a:M::ab::/i:FFPP"), "a", "6162", "ffff", "/i", "PF", NULL, 0 },
	{ TEXT(":a:M::ab::/i:O"), "a", "6162", "ffff", "/i", "O", NULL, 0 },
	{ TEXT(":a:M::ab::/i:C"), "a", "6162", "ffff", "/i", "OC", NULL, 0 },
	{ TEXT(",a,M,,ab,,/bin:cat,"), "a", "6162", "ffff", "/bin:cat", "", NULL, 0 },
	{ TEXT("-a-M--ab--/bin/cat-F"), "a", "6162", "ffff", "/bin/cat", "F", NULL, 0 },
	{ TEXT("|a|M||a:b||/i|"), "a", "613a62", "ffffff", "/i", "", NULL, 0 },
	{ TEXT(":-a b:M::ab::/i:"), "-a b", "6162", "ffff", "/i", "", NULL, 0 },
	{ TEXT(":a\xff:M::ab::/i:"), "a\xff", "6162", "ffff", "/i", "", NULL, 0 },
	{ TEXT(":a:E::txt::/bin/cat:"), "a", "", "", "/bin/cat", "", "txt", 0 },
	{ TEXT(":a:E:5:txt:mm:/bin/cat:P"), "a", "", "", "/bin/cat", "P", "txt", 0 },
};

static void what_the_kernel_takes_is_parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const struct good *g = &good[i];
		const char *what = shown(g->text, g->len);
		auto_rule rule = { 0 }, want = { .is_enabled = true, .offset = g->offset };
		auto_err e = { 0 };
		int r = parse(g->text, g->len, &rule, &e);
		char flags[RULE_FLAGS_TEXT];

		check_code(what, r, 0, &e);
		if (r)
			continue;
		want.name = strdup(g->name);
		want.interpreter = strdup(g->interpreter);
		want.extension = g->extension ? strdup(g->extension) : NULL;
		want.flags = rule.flags;
		want.size = (size_t)str_from_hex(g->magic, want.magic, sizeof(want.magic));
		str_from_hex(g->mask, want.mask, sizeof(want.mask));
		check(is_same(&rule, &want), "%s: '%s' of %zu bytes at %u for '%s'", what, rule.name, rule.size,
			rule.offset, rule.interpreter);
		rule_flags_text(rule.flags, flags);
		check(!strcmp(flags, g->flags), "%s: flags %s", what, flags);
	}
}

static const struct bad {
	const char *text;
	size_t len;
} bad[] = {
	{ TEXT("") },
	{ TEXT("\n") },
	{ TEXT(":") },
	{ TEXT("::::::::") },
	{ TEXT(":::::::::::::::") },
	/* too short, and one newline too many */
	{ TEXT(":a:M::b::/") },
	{ TEXT(":a:M::ab::/bin/cat:\n\n") },
	{ TEXT("\n:a:M::ab::/bin/cat:") },
	/* fields that are missing, or one too many */
	{ TEXT(":a:M::ab::/bin/cat") },
	{ TEXT(":a:M::ab:/bin/cat:") },
	{ TEXT(":a:M:ab::/bin/cat:") },
	{ TEXT("a:M::ab::/bin/cat:") },
	{ TEXT(":a:M::ab::/bin/cat:F:") },
	{ TEXT(":a:M::ab::/bin/cat:F:x") },
	{ TEXT(":a:M::ab::/bin/cat:::") },
	{ TEXT(":a:M::ab::/bin:cat:") },
	/* the delimiter */
	{ TEXT("\na\nM\n\nab\n\n/bin/cat\n") },
	{ TEXT("\na\nM\n\nab\n\n/bin/cat\nF") },
	/* the name */
	{ TEXT("::M::ab::/bin/cat:") },
	{ TEXT(":.:M::ab::/bin/cat:") },
	{ TEXT(":..:M::ab::/bin/cat:") },
	{ TEXT(":a/b:M::ab::/bin/cat:") },
	{ TEXT(":../x:M::ab::/bin/cat:") },
	{ TEXT(":register:M::ab::/bin/cat:") },
	{ TEXT(":status:M::ab::/bin/cat:") },
	{ TEXT(":a\0b:M::ab::/bin/cat:") },
	{ TEXT(":a\nb:M::ab::/bin/cat:") },
	{ TEXT(":a\x1b[2J:M::ab::/bin/cat:") },
	/* the type */
	{ TEXT(":a:X::ab::/bin/cat:") },
	{ TEXT(":a:::ab::/bin/cat:") },
	{ TEXT(":a:MM::ab::/bin/cat:") },
	{ TEXT(":a:B::ab::/bin/cat:") },
	{ TEXT(":a:m::ab::/bin/cat:") },
	{ TEXT(":a:EM::ab::/bin/cat:") },
	/* the offset */
	{ TEXT(":a:M:-1:ab::/bin/cat:") },
	{ TEXT(":a:M:0x10:ab::/bin/cat:") },
	{ TEXT(":a:M: 1:ab::/bin/cat:") },
	{ TEXT(":a:M:1 :ab::/bin/cat:") },
	{ TEXT(":a:M:9999999999:ab::/bin/cat:") },
	{ TEXT(":a:M:18446744073709551616:ab::/bin/cat:") },
	{ TEXT(":a:M:255:ab::/bin/cat:") },
	{ TEXT(":a:M:256:a::/bin/cat:") },
	{ TEXT(":a:M:257:a::/bin/cat:") },
	/* the magic */
	{ TEXT(":a:M::::/bin/cat:") },
	{ TEXT(":a:M:::\\xff:/bin/cat:") },
	{ TEXT(":a:M::\0::/bin/cat:") },
	{ TEXT(":a:M::\x7f"
	       "ELF\0::/bin/cat:") },
	{ TEXT(":a:M::\\xZZ::/bin/cat:") },
	{ TEXT(":a:M::\\x7::/bin/cat:") },
	{ TEXT(":a:M::\\x::/bin/cat:") },
	{ TEXT(":a:M::\\x4g::/bin/cat:") },
	/* the mask */
	{ TEXT(":a:M::ab:\\xff:/bin/cat:") },
	{ TEXT(":a:M::a:\\xff\\xff:/bin/cat:") },
	{ TEXT(":a:M::\\x7f:\\x7:/bin/cat:") },
	{ TEXT(":a:M::ab:\\:/bin/cat:") },
	{ TEXT(":a:M::\\x41:\\xZZ:/bin/cat:") },
	/* the interpreter */
	{ TEXT(":a:M::abcd:::") },
	{ TEXT(":a:M::abcd:::F") },
	{ TEXT(":a:M::ab::/bin\0/cat:") },
	/* the flags */
	{ TEXT(":a:M::ab::/bin/cat:Z") },
	{ TEXT(":a:M::ab::/bin/cat:f") },
	{ TEXT(":a:M::ab::/bin/cat:D") },
	{ TEXT(":a:M::ab::/bin/cat:T") },
	{ TEXT(":a:M::ab::/bin/cat:L") },
	{ TEXT(":a:M::ab::/bin/cat:FZ") },
	{ TEXT(":a:M::ab::/bin/cat:F P") },
	{ TEXT(":a:M::ab::/bin/cat: F") },
	{ TEXT(":a:M::ab::/bin/cat:F\0") },
	/* the extension */
	{ TEXT(":a:E::::/bin/cat:") },
	{ TEXT(":a:E::a/b::/bin/cat:") },
	{ TEXT(":a:E::txt/::/bin/cat:") },
};

static void what_the_kernel_refuses_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *what = shown(bad[i].text, bad[i].len);
		struct rule rule = { 0 };
		auto_err e = { 0 };
		int r = parse(bad[i].text, bad[i].len, &rule, &e);

		check_code(what, r, -EBADMSG, &e);
		if (!r) {
			rule_done(&rule);
			continue;
		}
		check_sentence(what, &e);
		check(!rule.name && !rule.interpreter && !rule.extension && !rule.size, "%s: refused, but filled in",
			what);
		check(parse(bad[i].text, bad[i].len, &rule, NULL) == r, "%s: another result without an error to fill",
			what);
	}
}

/* An interpreter with a newline forges lines of the entry file: such a rule is never written. */
static void a_newline_in_the_interpreter_is_not_written(void **state)
{
	static const char text[] = ":a:M::ab::/bin/cat\nflags F:";
	auto_rule rule = { 0 };
	auto_buf out = { 0 };

	(void)state;
	check(parse(TEXT(text), &rule, NULL) == -EBADMSG || rule_render(&rule, &out, NULL) == -EBADMSG, "'%s'",
		buf_text(&out));
}

static void matches_are_compared(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} cases[] = {
		{ ":a:M::ab::/i:", ":b:M::ab::/j:PF", true },
		{ ":a:M::ab::/i:", ":a:M::ab:\\xff\\xff:/i:", true },
		{ ":a:M::ab::/i:", ":a:M::ab:\\xff\\xfe:/i:", false },
		{ ":a:M::ab::/i:", ":a:M::ac::/i:", false },
		{ ":a:M::ab:\\xff\\xfe:/i:", ":a:M::ac:\\xff\\xfe:/i:", true },
		{ ":a:M::ab:\\xff\\x00:/i:", ":a:M::az:\\xff\\x00:/i:", true },
		{ ":a:M::ab::/i:", ":a:M:1:ab::/i:", false },
		{ ":a:M::ab::/i:", ":a:M::abc::/i:", false },
		{ ":a:E::exe::/i:", ":b:E::exe::/j:F", true },
		{ ":a:E::exe::/i:", ":a:E::EXE::/i:", false },
		{ ":a:E::exe::/i:", ":a:M::exe::/i:", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_rule a = { 0 }, b = { 0 };

		assert_int_equal(parse(cases[i].a, strlen(cases[i].a), &a, NULL), 0);
		assert_int_equal(parse(cases[i].b, strlen(cases[i].b), &b, NULL), 0);
		check(rule_same_match(&a, &b) == cases[i].is_same, "%s and %s", cases[i].a, cases[i].b);
		check(rule_same_match(&b, &a) == cases[i].is_same, "%s and %s", cases[i].b, cases[i].a);
		check(rule_same_match(&a, &a) && rule_same_match(&b, &b), "not the same as itself");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(every_row_survives_the_round_trip),
		unit(every_byte_survives_the_round_trip),
		unit(known_text),
		unit(what_the_kernel_takes_is_parsed),
		unit(what_the_kernel_refuses_is_refused),
		unit(a_newline_in_the_interpreter_is_not_written),
		unit(matches_are_compared),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
