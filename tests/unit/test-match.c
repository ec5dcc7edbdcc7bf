// SPDX-License-Identifier: MIT
/* What the rules take: each program goes to its own handler, and nothing else to any. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "arch/elf.h"
#include "arch/probe.h"
#include "base/fdio.h"
#include "base/str.h"
#include "binfmt/rule.h"
#include "check.h"
#include "data.h"

enum { RULES_MAX = ARCH_MATCHES_MAX * ARCH_COUNT_MAX };

/* Every rule of the table, each under its handler's name. */
static struct {
	const struct arch *arch;
	size_t match;
	struct rule rule;
} rules[RULES_MAX];
static size_t n_rules;

static int make_rules(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++) {
			rules[n_rules].arch = a;
			rules[n_rules].match = m;
			rules[n_rules++].rule = rule_for_arch(a, m, a->match[m].handler, "/usr/bin/qemu", RULE_FIXED);
		}
	return 0;
}

static int free_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++)
		rule_done(&rules[i].rule);
	return 0;
}

/* Names of the rules that take this head, joined by blanks; the head ends where it ends. */
static struct buf takers(const uint8_t *head, size_t len)
{
	auto_free uint8_t *exact = malloc(len + 1);
	struct buf names = { 0 };

	assert_non_null(exact);
	memcpy(exact + 1, head, len);
	for (size_t i = 0; i < n_rules; i++)
		if (rule_matches(&rules[i].rule, exact + 1, len))
			buf_addf(&names, "%s%s", names.len ? " " : "", rules[i].rule.name);
	return names;
}

static void check_taken(const char *what, const uint8_t *head, size_t len, const char *expected)
{
	auto_buf names = takers(head, len);

	check(!strcmp(buf_text(&names), expected), "%s: taken by '%s', not '%s'", what, buf_text(&names), expected);
}

static size_t from_hex(const char *what, const char *hex, uint8_t *out, size_t cap)
{
	int n = str_from_hex(hex, out, cap);

	check(n >= 0, "%s: no hex", what);
	return n < 0 ? 0 : (size_t)n;
}

/* Magic and mask are QEMU's; only that bytes 8 to 10 may be anything, for AppImages, is ours. */
static void rules_are_those_of_qemu(void **state)
{
	struct data wanted = data_open("ok-rules.tsv", 3);
	size_t n = 0;

	(void)state;
	for (; data_next(&wanted); n++) {
		uint8_t magic[RULE_WINDOW], mask[RULE_WINDOW];
		size_t size = from_hex(wanted.field[0], wanted.field[1], magic, sizeof(magic)), i;

		from_hex(wanted.field[0], wanted.field[2], mask, sizeof(mask));
		memset(mask + 8, 0, 3);
		for (i = 0; i < n_rules && strcmp(rules[i].rule.name, wanted.field[0]); i++)
			;
		check(i < n_rules, "no rule %s", wanted.field[0]);
		if (i == n_rules)
			continue;
		const struct rule *r = &rules[i].rule;

		check(r->size == size && !r->offset && !r->extension, "%s: %zu bytes at %u", r->name, r->size,
			r->offset);
		check(!memcmp(r->magic, magic, size) && !memcmp(r->mask, mask, size), "%s: other bytes", r->name);
		check(r->is_enabled && r->flags == RULE_FIXED, "%s: flags %u", r->name, r->flags);
	}
	check(n == n_rules && n == 38, "%zu in the file, %zu rules", n, n_rules);
}

static bool byte_at(const struct rule *rule, size_t at, uint8_t *magic, uint8_t *mask)
{
	if (at < rule->offset || at >= rule->offset + rule->size)
		return false;
	*magic = rule->magic[at - rule->offset];
	*mask = rule->mask[at - rule->offset];
	return true;
}

/* Whether some header is taken by both. */
static bool rule_overlaps(const struct rule *a, const struct rule *b)
{
	if (a->extension || b->extension)
		return false;
	for (size_t at = 0; at < RULE_WINDOW; at++) {
		uint8_t magic_a, mask_a, magic_b, mask_b;

		if (byte_at(a, at, &magic_a, &mask_a) && byte_at(b, at, &magic_b, &mask_b) &&
			((magic_a ^ magic_b) & mask_a & mask_b))
			return false;
	}
	return true;
}

static void no_two_rules_overlap(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++)
		for (size_t k = 0; k < n_rules; k++)
			check(rule_overlaps(&rules[i].rule, &rules[k].rule) == (i == k), "%s and %s",
				rules[i].rule.name, rules[k].rule.name);
}

static void probes_are_taken_by_their_own_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		struct probe p = probe_build(rules[i].arch, rules[i].match, NULL);

		check_taken(rules[i].rule.name, p.data, p.size, rules[i].rule.name);
	}
}

/* A trial must not serve anybody else, nor anybody else the trial. */
static void marked_probes_are_taken_by_nobody(void **state)
{
	static const uint8_t nonces[][PROBE_NONCE_LEN] = {
		{ 1, 2, 3, 4, 5, 6 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0, 0, 1, 0, 0, 0 },
		{ 0, 0, 0, 0, 0, 0x80 },
	};

	(void)state;
	for (size_t i = 0; i < n_rules; i++)
		for (size_t k = 0; k < ARRAY_SIZE(nonces); k++) {
			struct probe p = probe_build(rules[i].arch, rules[i].match, nonces[k]);

			check_taken(rules[i].rule.name, p.data, p.size, "");
		}
}

static void real_programs_are_taken_by_their_handler(void **state)
{
	struct data headers = data_open("ok-headers.tsv", 3);
	size_t n = 0;

	(void)state;
	for (; data_next(&headers); n++) {
		uint8_t head[RULE_WINDOW];
		size_t len = from_hex(headers.field[1], headers.field[2], head, sizeof(head));

		check_taken(headers.field[1], head, len, headers.field[0]);
	}
	check(n > 150, "only %zu headers", n);
}

static void every_rule_has_a_real_program(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		struct data headers = data_open("ok-headers.tsv", 3);
		bool is_there = false;

		while (data_next(&headers))
			is_there |= !strcmp(headers.field[0], rules[i].rule.name);
		check(is_there, "%s has none", rules[i].rule.name);
	}
}

static void other_files_are_taken_by_nobody(void **state)
{
	struct data headers = data_open("bad-headers.tsv", 2);
	size_t n = 0;

	(void)state;
	for (; data_next(&headers); n++) {
		uint8_t head[RULE_WINDOW];
		size_t len = from_hex(headers.field[0], headers.field[1], head, sizeof(head));

		check_taken(headers.field[0], head, len, "");
	}
	check(n > 100, "only %zu headers", n);
}

/* Upstream's masks let byte order 0 pass for these, which QEMU then rejects; for no other row. */
static void byte_order_0_is_taken_where_upstream_does(void **state)
{
	static const char *const wide[] = { "qemu-x86_64", "qemu-i386", "qemu-i486", "qemu-alpha" };

	(void)state;
	for (size_t i = 0; i < n_rules; i++) {
		struct probe p = probe_build(rules[i].arch, rules[i].match, NULL);
		bool is_wide = false;

		for (size_t k = 0; k < ARRAY_SIZE(wide); k++)
			is_wide |= !strcmp(wide[k], rules[i].rule.name);
		p.data[5] = 0;
		check_taken(rules[i].rule.name, p.data, p.size, is_wide ? rules[i].rule.name : "");
	}
}

/* Whatever runs on this machine by itself must not be taken by the handler of another one. */
static void this_machines_programs_stay_native(void **state)
{
	static const char *const paths[] = { "/proc/self/exe", "/bin/sh" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_fd fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		uint8_t head[RULE_WINDOW];
		ssize_t n = fd_pread(fd, head, sizeof(head), 0);
		struct elf_info info;

		assert_true(n > 64);
		/* The shell of a machine that emulates this program is no program of ours. */
		if (i && !elf_read(fd, &info, NULL) && elf_arch(&info.head) != arch_host())
			continue;
		for (size_t k = 0; k < n_rules; k++)
			check(rule_matches(&rules[k].rule, head, (size_t)n) ==
					(rules[k].arch == arch_host() && rules[k].match == 0),
				"%s and %s", paths[i], rules[k].rule.name);
	}
}

/* The kernel zeroes what a short file lacks of the 256 bytes. */
static void short_files_are_padded_with_zeroes(void **state)
{
	const struct rule rule = {
		.size = 4, .offset = 2, .magic = { 'a', 'b', 0, 0 }, .mask = { 0xff, 0xff, 0xff, 0x0f }
	};
	static const struct {
		const char *head;
		size_t len;
		bool is_taken;
	} cases[] = {
		{ "", 0, false },
		{ "xxab", 4, true },
		{ "xxa", 3, false },
		{ "xxab\0\0", 6, true },
		{ "xxabc", 5, false },
		{ "xxab\0\x10", 6, true },
		{ "xxab\0\x01", 6, false },
		{ "xxab\0\0rest", 10, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free uint8_t *exact = malloc(cases[i].len + 1);

		memcpy(exact + 1, cases[i].head, cases[i].len);
		check(rule_matches(&rule, exact + 1, cases[i].len) == cases[i].is_taken, "case %zu", i);
	}
}

/* A rule out of hex, as in the table of architectures; an empty mask is an exact one. */
static struct rule rule_of(unsigned offset, const char *magic, const char *mask)
{
	struct rule rule = { .offset = offset };

	rule.size = from_hex(magic, magic, rule.magic, sizeof(rule.magic));
	memset(rule.mask, 0xff, rule.size);
	if (*mask)
		from_hex(mask, mask, rule.mask, sizeof(rule.mask));
	return rule;
}

static const struct overlap {
	const char *what;
	unsigned offset_a;
	const char *magic_a, *mask_a;
	unsigned offset_b;
	const char *magic_b, *mask_b;
	bool overlaps;
} overlaps[] = {
	{ "the same", 0, "7f454c46", "", 0, "7f454c46", "", true },
	{ "one byte differs", 0, "7f454c46", "", 0, "7f454c47", "", false },
	{ "a prefix of the other", 0, "7f45", "", 0, "7f454c46", "", true },
	{ "masked apart", 0, "f0", "f0", 0, "0f", "0f", true },
	{ "differ where the second does not look", 0, "12", "ff", 0, "13", "fe", true },
	{ "differ where the first does not look", 0, "12", "fe", 0, "13", "ff", true },
	{ "differ where both look", 0, "12", "ff", 0, "14", "fe", false },
	{ "differ in a bit that neither looks at", 0, "02", "fe", 0, "03", "fe", true },
	{ "EXEC and EXEC or DYN", 16, "0200", "", 16, "0200", "feff", true },
	{ "DYN and EXEC or DYN", 16, "0300", "", 16, "0200", "feff", true },
	{ "REL and EXEC or DYN", 16, "0100", "", 16, "0200", "feff", false },
	{ "an empty mask takes all", 0, "00", "00", 0, "ff", "", true },
	{ "windows side by side", 0, "41", "", 1, "42", "", true },
	{ "windows that cross and agree", 0, "4142", "", 1, "4243", "", true },
	{ "windows that cross and do not", 0, "4142", "", 1, "4343", "", false },
	{ "the first byte and the last", 0, "41", "", 255, "42", "", true },
	{ "both at the last byte", 255, "41", "", 255, "42", "", false },
	{ "the AppImage bytes, looked at by one", 0, "7f454c460101010000000000", "ffffffffffffff0000000000", 8,
		"414902", "", true },
	{ "o32 and n32", 36, "00000000", "20000000", 36, "20000000", "20000000", false },
	{ "mips and n32, the former without e_flags", 18, "0800", "", 36, "20000000", "20000000", true },
};

static void overlaps_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(overlaps); i++) {
		const struct overlap *o = &overlaps[i];
		struct rule a = rule_of(o->offset_a, o->magic_a, o->mask_a);
		struct rule b = rule_of(o->offset_b, o->magic_b, o->mask_b);

		check(rule_overlaps(&a, &b) == o->overlaps, "%s", o->what);
		check(rule_overlaps(&b, &a) == o->overlaps, "%s, the other way round", o->what);
	}
}

/* Where two overlap there is a file that both take: the bytes of both, each under its mask. */
static void overlaps_are_real(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(overlaps); i++) {
		const struct overlap *o = &overlaps[i];
		struct rule a = rule_of(o->offset_a, o->magic_a, o->mask_a);
		struct rule b = rule_of(o->offset_b, o->magic_b, o->mask_b);
		uint8_t head[RULE_WINDOW] = { 0 };

		for (size_t k = 0; k < a.size; k++)
			head[a.offset + k] |= a.magic[k] & a.mask[k];
		for (size_t k = 0; k < b.size; k++)
			head[b.offset + k] |= b.magic[k] & b.mask[k];
		check((rule_matches(&a, head, sizeof(head)) && rule_matches(&b, head, sizeof(head))) == o->overlaps,
			"%s", o->what);
	}
}

/* Rules that others publish, against ours: who would take the same programs. */
static void published_rules_against_ours(void **state)
{
	static const struct {
		const char *what, *magic, *mask, *overlapped; /* ours, joined by blanks */
	} cases[] = {
		{ "tonistiigi arm64", "7f454c460201010000000000000000000200b700",
			"ffffffffffffff00fffffffffffffffffeffffff", "qemu-aarch64" },
		{ "linuxkit aarch64, of 19 bytes", "7f454c460201010000000000000000000200b7",
			"ffffffffffffff00fffffffffffffffffeffff", "qemu-aarch64" },
		{ "Debian 12 mipsel", "7f454c4601010100000000000000000002000800",
			"ffffffffffffff00fefffffffffffffffeffffff", "qemu-mipsel qemu-mipsn32el" },
		{ "Debian 12 i386", "7f454c4601010100000000000000000002000300",
			"fffffffffffefefcfffffffffffffffffeffffff", "qemu-i386" },
		{ "upstream microblaze, byte-swapped", "7f454c460102010000000000000000000200baab",
			"ffffffffffffff00fffffffffffffffffeffffff", "" },
		{ "every ELF file", "7f454c46", "ffffffff", "every" },
		{ "every 64-bit LSB file", "7f454c460201", "ffffffffffff",
			"qemu-aarch64 qemu-x86_64 qemu-riscv64 qemu-ppc64le qemu-loongarch64 "
			"qemu-mips64el qemu-alpha" },
		{ "type-2 AppImages", "7f454c4600000000414902", "ffffffff00000000ffffff", "every" },
		{ "scripts", "2321", "ffff", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rule theirs = rule_of(0, cases[i].magic, cases[i].mask);
		auto_buf names = { 0 };
		size_t n = 0;

		for (size_t k = 0; k < n_rules; k++) {
			if (!rule_overlaps(&theirs, &rules[k].rule))
				continue;
			buf_addf(&names, "%s%s", n++ ? " " : "", rules[k].rule.name);
		}
		if (!strcmp(cases[i].overlapped, "every"))
			check(n == n_rules, "%s: only %s", cases[i].what, buf_text(&names));
		else
			check(!strcmp(buf_text(&names), cases[i].overlapped), "%s: '%s'", cases[i].what,
				buf_text(&names));
	}
}

static void extensions_take_no_bytes(void **state)
{
	struct rule extension = { .extension = (char[]){ "exe" } };
	const uint8_t head[4] = "MZ";

	(void)state;
	check(!rule_matches(&extension, head, sizeof(head)), "bytes");
	check(!rule_overlaps(&extension, &rules[0].rule), "a rule with a magic");
	check(!rule_overlaps(&rules[0].rule, &extension), "the other way round");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(rules_are_those_of_qemu),
		unit(no_two_rules_overlap),
		unit(probes_are_taken_by_their_own_rule),
		unit(marked_probes_are_taken_by_nobody),
		unit(real_programs_are_taken_by_their_handler),
		unit(every_rule_has_a_real_program),
		unit(other_files_are_taken_by_nobody),
		unit(byte_order_0_is_taken_where_upstream_does),
		unit(this_machines_programs_stay_native),
		unit(short_files_are_padded_with_zeroes),
		unit(overlaps_are_found),
		unit(overlaps_are_real),
		unit(published_rules_against_ours),
		unit(extensions_take_no_bytes),
	};

	return cmocka_run_group_tests_name("match", tests, make_rules, free_rules);
}
