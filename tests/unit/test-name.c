// SPDX-License-Identifier: MIT
/* arch/name: every spelling leads to its platform, every near miss to a suggestion. */
#include "arch/name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "check.h"
#include "data.h"

/* Parses a copy that ends where it ends, so that a byte read too much is seen. */
static int parse(const char *text, size_t len, struct platform *ret, struct err *e)
{
	auto_free char *exact = malloc(len + 1);

	assert_non_null(exact);
	memcpy(exact + 1, text, len);
	return name_parse(exact + 1, len, ret, e);
}

static void check_parse(const char *text, const char *row, const char *variant)
{
	struct platform p = { 0 };
	auto_err e = { 0 };
	int r = parse(text, strlen(text), &p, &e);

	check_code(text, r, 0, &e);
	if (r)
		return;
	check(!strcmp(p.arch->qemu, row), "%s: %s, not %s", text, p.arch->qemu, row);
	check(!strcmp(p.variant, variant), "%s: variant '%s', not '%s'", text, p.variant, variant);
}

static void spellings_lead_to_platforms(void **state)
{
	struct data names = data_open("ok-names.tsv", 3);
	size_t n = 0;

	(void)state;
	for (; data_next(&names); n++)
		check_parse(names.field[0], names.field[1], strcmp(names.field[2], "-") ? names.field[2] : "");
	check(n > 200, "only %zu spellings", n);
}

static void case_does_not_matter(void **state)
{
	struct data names = data_open("ok-names.tsv", 3);

	(void)state;
	while (data_next(&names)) {
		auto_free char *text = strdup(names.field[0]);

		for (size_t i = 0; text[i]; i++)
			if (i % 2 == 0)
				text[i] = (char)toupper((unsigned char)text[i]);
		check_parse(text, names.field[1], strcmp(names.field[2], "-") ? names.field[2] : "");
	}
}

static void emulators_name_their_target(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		char name[64];

		snprintf(name, sizeof(name), "qemu-%s", a->qemu);
		check_parse(name, a->qemu, a->variant ? a->variant : "");
		snprintf(name, sizeof(name), "qemu-%s-static", a->qemu);
		check_parse(name, a->qemu, a->variant ? a->variant : "");
	}
}

static void the_rest_is_refused_with_a_hint(void **state)
{
	struct data names = data_open("bad-names.tsv", 2);

	(void)state;
	while (data_next(&names)) {
		const char *text = names.field[0], *wanted = names.field[1];
		struct platform p = { 0 };
		auto_err e = { 0 };

		check_code(text, parse(text, strlen(text), &p, &e), -EINVAL, &e);
		check_sentence(text, &e);
		check(!p.arch && !*p.variant, "%s: refused, but filled in", text);
		check(!strcmp(wanted, "-") || (e.hint && strstr(e.hint, wanted)), "%s: the hint '%s' has no '%s'", text,
			e.hint ? e.hint : "", wanted);
	}
}

static void a_refusal_needs_no_error_to_fill(void **state)
{
	struct data names = data_open("bad-names.tsv", 2);

	(void)state;
	while (data_next(&names)) {
		struct platform p;
		auto_err e = { 0 };
		int with = parse(names.field[0], strlen(names.field[0]), &p, &e);
		int without = parse(names.field[0], strlen(names.field[0]), &p, NULL);

		check(with == without, "%s: %d, and %d without", names.field[0], with, without);
	}
}

static void hostile_names_are_shown_escaped(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "\x1b[2Jarm", 7 },
		{ "arm\n", 4 },
		{ "arm\r", 4 },
		{ "\tarm", 4 },
		{ "arm\x7f", 4 },
		{ "arm\xff", 4 },
		{ "\xc2\x9b"
		  "2J",
			4 },
		{ "linux/\x1b[2J", 10 },
		{ "linux/arm/\x1b[31m", 15 },
		{ "linux/arm64/v8\n", 15 },
		{ "linux/arm64/arm\x1b[31m", 20 },
		{ "arm/\xff", 5 },
		{ "\x1b[2J/arm64", 10 },
		{ "\nlinux/arm64", 12 },
		{ "linux/\n/v7", 10 },
		{ "qemu-\x1b]0;x\x07", 11 },
		{ "arm\0", 4 },
		{ "arm\0rest", 8 },
		{ "\0", 1 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *what = shown(cases[i].text, cases[i].len);
		struct platform p;
		auto_err e = { 0 };

		check_code(what, parse(cases[i].text, cases[i].len, &p, &e), -EINVAL, &e);
		check_sentence(what, &e);
	}
}

static void long_names_are_refused(void **state)
{
	static const struct {
		const char *before, *filler, *after;
	} shapes[] = {
		{ "", "a", "" },
		{ "qemu-", "a", "-static" },
		{ "linux/", "a", "" },
		{ "linux/arm/", "v", "" },
		{ "linux/arm64/v8.", "1", "" },
		{ "", "/", "" },
		{ "arm-", "x", "-linux-gnu" },
		{ "arm-", "x", "-linux-gnuX" },
		{ "", "a", "-linux-musl" },
		{ "arm", "\xff", "" },
		{ "", "-", "" },
		{ "linux/arm64/arm", "7", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		for (size_t len = 40; len < 200; len++) {
			auto_buf text = { 0 };
			struct platform p;
			auto_err e = { 0 };
			int r;

			buf_adds(&text, shapes[i].before);
			while (text.len + strlen(shapes[i].after) < len)
				buf_adds(&text, shapes[i].filler);
			buf_adds(&text, shapes[i].after);
			r = parse(buf_text(&text), text.len, &p, &e);
			/* A vendor may be as long as it likes within the limit. */
			check(r == -EINVAL || (!r && len < 64 && str_ends(text.data, "-gnu")), "%zu bytes of '%s': %d",
				len, shapes[i].before, r);
			check(!e.message || strlen(e.message) < 400, "%zu bytes: a message of %s", len, e.message);
		}
}

static void only_len_bytes_are_read(void **state)
{
	struct platform p = { 0 };

	(void)state;
	check(!name_parse("armhf,rest", 5, &p, NULL) && !strcmp(p.arch->qemu, "arm"), "armhf");
	check(!name_parse("arm64", 3, &p, NULL) && !strcmp(p.arch->qemu, "arm"), "arm");
	check(!name_parse("aarch64_be", 7, &p, NULL) && !strcmp(p.arch->qemu, "aarch64"), "aarch64");
}

/* The names of one scheme that are of one row must not be hidden by another scheme's. */
static void canonical_names_win(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		const char *variant = a->variant ? a->variant : "";

		check_parse(a->qemu, a->qemu, variant);
		if (a->oci)
			check_parse(a->oci, a->qemu, variant);
		if (a->docker)
			check_parse(a->docker, a->qemu, variant);
	}
}

static void every_listed_name_is_taken(void **state)
{
	struct name_spelling s = { 0 };
	size_t n = 0;

	(void)state;
	for (; name_next(&s); n++) {
		const struct platform *p = &s.platform;
		struct platform got = { 0 };
		auto_err e = { 0 };
		int r = parse(s.name, s.len, &got, &e);

		check(!r, "'%.*s' of %s is not taken: %s", (int)s.len, s.name, p->arch->qemu,
			e.message ? e.message : "");
		check(r || got.arch->bits == p->arch->bits || !strcmp(got.arch->qemu, s.name) ||
				str_in_words(got.arch->uname, s.name, s.len) ||
				str_in_words(got.arch->systemd ? got.arch->systemd : "", s.name, s.len),
			"'%.*s' of %s is taken for %s", (int)s.len, s.name, p->arch->qemu, got.arch->qemu);
	}
	check(n > 200, "only %zu names", n);
}

static void platforms_are_written_as_oci_has_them(void **state)
{
	static const struct {
		const char *row, *variant, *platform;
	} cases[] = {
		{ "arm", "v7", "linux/arm/v7" },
		{ "arm", "", "linux/arm" },
		{ "aarch64", "", "linux/arm64" },
		{ "aarch64", "v9.2", "linux/arm64/v9.2" },
		{ "x86_64", NULL, "linux/amd64" },
		{ "i386", "", "linux/386" },
		{ "mips64el", "", "linux/mips64le" },
		{ "ppc64le", "power9", "linux/ppc64le/power9" },
		{ "hppa", "", "-" },
		{ "sparc32plus", "", "-" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf out = { 0 };

		name_platform(&out, arch_by_qemu(cases[i].row), cases[i].variant);
		check(!strcmp(buf_text(&out), cases[i].platform), "%s: '%s'", cases[i].row, buf_text(&out));
	}
}

/* What is written can be read again and is then the same. */
static void platforms_survive_the_round_trip(void **state)
{
	struct data names = data_open("ok-names.tsv", 3);

	(void)state;
	while (data_next(&names)) {
		struct platform p = { 0 };
		auto_buf once = { 0 }, twice = { 0 };

		if (name_parse(names.field[0], strlen(names.field[0]), &p, NULL) || !p.arch->oci)
			continue;
		name_platform(&once, p.arch, p.variant);
		check(!name_parse(buf_text(&once), once.len, &p, NULL), "%s is not taken", buf_text(&once));
		name_platform(&twice, p.arch, p.variant);
		check(!strcmp(buf_text(&once), buf_text(&twice)), "%s becomes %s", buf_text(&once), buf_text(&twice));
	}
}

static void words_of_the_schemes(void **state)
{
	static const struct {
		const char *platform;
		struct name_words words; /* docker, uname, debian, alpine, gnu, systemd */
	} cases[] = {
		{ "linux/amd64", { "amd64", "x86_64", "amd64", "x86_64", "x86_64-linux-gnu", "x86-64" } },
		{ "linux/386", { "i386", "i686", "i386", "x86", "i686-linux-gnu", "x86" } },
		{ "linux/arm/v5", { "arm32v5", "armv5tel", "armel", "armel", "arm-linux-gnueabi", "arm" } },
		{ "linux/arm/v6", { "arm32v6", "armv6l", "", "armhf", "armv6-linux-gnueabihf", "arm" } },
		{ "linux/arm/v7", { "arm32v7", "armv7l", "armhf", "armv7", "arm-linux-gnueabihf", "arm" } },
		{ "linux/arm64", { "arm64v8", "aarch64", "arm64", "aarch64", "aarch64-linux-gnu", "arm64" } },
		{ "linux/ppc64le",
			{ "ppc64le", "ppc64le", "ppc64el", "ppc64le", "powerpc64le-linux-gnu", "ppc64-le" } },
		{ "linux/mips64le",
			{ "mips64le", "mips64", "mips64el", "mips64el", "mips64el-linux-gnuabi64", "mips64-le" } },
		{ "linux/loong64",
			{ "", "loongarch64", "loong64", "loongarch64", "loongarch64-linux-gnu", "loongarch64" } },
		{ "sparc32plus", { "", "sparc64", "", "", "", "sparc" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct name_words *want = &cases[i].words;
		struct platform p = { 0 };
		struct name_words got;

		if (name_parse(cases[i].platform, strlen(cases[i].platform), &p, NULL)) {
			check(false, "%s is not taken", cases[i].platform);
			continue;
		}
		got = name_words(&p);
		check(!strcmp(got.docker, want->docker) && !strcmp(got.uname, want->uname) &&
				!strcmp(got.debian, want->debian) && !strcmp(got.alpine, want->alpine) &&
				!strcmp(got.gnu, want->gnu) && !strcmp(got.systemd, want->systemd),
			"%s: %s %s %s %s %s %s", cases[i].platform, got.docker, got.uname, got.debian, got.alpine,
			got.gnu, got.systemd);
	}
}

/* Docker's, Debian's and GNU's words are exact: they lead back to the platform that they are of. */
static void words_lead_back(void **state)
{
	struct data names = data_open("ok-names.tsv", 3);

	(void)state;
	while (data_next(&names)) {
		struct platform p = { 0 }, back;
		struct name_words w;

		if (name_parse(names.field[0], strlen(names.field[0]), &p, NULL))
			continue;
		w = name_words(&p);
		const char *const words[] = { w.docker, w.debian, w.gnu };

		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			check(!*words[i] ||
					(!name_parse(words[i], strlen(words[i]), &back, NULL) && back.arch == p.arch),
				"%s: %s does not lead back", names.field[0], words[i]);
	}
}

static void the_word_for_people_leads_back(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		struct platform p = { 0 };

		check(!name_parse(arch_word(a), strlen(arch_word(a)), &p, NULL) && p.arch == a, "%s", arch_word(a));
	}
	assert_string_equal(arch_word(arch_by_qemu("aarch64")), "arm64");
	assert_string_equal(arch_word(arch_by_qemu("x86_64")), "amd64");
	assert_string_equal(arch_word(arch_by_qemu("i386")), "i386");
	assert_string_equal(arch_word(arch_by_qemu("hppa")), "hppa");
}

static void sets_are_filled_from_lists(void **state)
{
	static const struct {
		const char *list, *rows; /* joined by blanks */
		bool is_all;
	} cases[] = {
		{ "arm", "arm", false },
		{ "arm,arm64", "arm aarch64", false },
		{ "arm64 arm", "aarch64 arm", false },
		{ " riscv64,\n\tarm64 , s390x\n", "riscv64 aarch64 s390x", false },
		{ "arm,arm,arm", "arm", false },
		{ "armhf,armel,arm32v6,linux/arm/v7,qemu-arm-static", "arm", false },
		{ "aarch64,arm64,arm64v8,linux/arm64/v8", "aarch64", false },
		{ "all", "", true },
		{ "all,all", "", true },
		{ "all,arm", "arm", true },
		{ "s390x,all", "s390x", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct name_set set = { 0 };
		auto_buf rows = { 0 };
		auto_err e = { 0 };

		check_code(cases[i].list, name_set_add(&set, cases[i].list, &e), 0, &e);
		for (size_t k = 0; k < set.n; k++)
			buf_addf(&rows, "%s%s", k ? " " : "", set.arch[k]->qemu);
		check(!strcmp(buf_text(&rows), cases[i].rows) && set.is_all == cases[i].is_all, "'%s': %s%s",
			cases[i].list, buf_text(&rows), set.is_all ? " all" : "");
	}
}

static void sets_refuse_what_is_no_name(void **state)
{
	static const char *const lists[] = { "aarch6", "arm,aarch6", "arm,allx", "al", "arm,-", "", ",", " \n",
		"arm;arm64", "all/arm", "windows/amd64,arm" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct name_set set = { 0 };
		auto_err e = { 0 };

		check_code(lists[i], name_set_add(&set, lists[i], &e), -EINVAL, &e);
		check_sentence(lists[i], &e);
		check(!set.is_all, "'%s' is taken for all", lists[i]);
	}
}

static void sets_hold_every_row_once(void **state)
{
	struct name_set set = { 0 };
	size_t n = 0;

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (const struct arch *a = NULL; (a = arch_next(a));) {
			check(name_set_has(&set, a) == (round > 0), "%s in round %u", a->qemu, round);
			name_set_add_arch(&set, a);
			n += round == 0;
		}
	check(set.n == n, "%zu of %zu", set.n, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(spellings_lead_to_platforms),
		unit(case_does_not_matter),
		unit(emulators_name_their_target),
		unit(the_rest_is_refused_with_a_hint),
		unit(a_refusal_needs_no_error_to_fill),
		unit(hostile_names_are_shown_escaped),
		unit(long_names_are_refused),
		unit(only_len_bytes_are_read),
		unit(canonical_names_win),
		unit(every_listed_name_is_taken),
		unit(platforms_are_written_as_oci_has_them),
		unit(platforms_survive_the_round_trip),
		unit(words_of_the_schemes),
		unit(words_lead_back),
		unit(the_word_for_people_leads_back),
		unit(sets_are_filled_from_lists),
		unit(sets_refuse_what_is_no_name),
		unit(sets_hold_every_row_once),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
