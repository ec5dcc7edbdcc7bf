// SPDX-License-Identifier: MIT
/* base/str: strict integers, hex, lists, near misses, and names made safe for a terminal. */
#include "base/str.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static void uint_takes_digits_up_to_the_limit(void **state)
{
	static const struct {
		const char *text;
		unsigned long max, value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "0", ULONG_MAX, 0 },
		{ "000", 0, 0 },
		{ "010", 10, 10 },
		{ "1", 1, 1 },
		{ "5", 5, 5 },
		{ "0005", 5, 5 },
		{ "8", 8, 8 },
		{ "9", 9, 9 },
		{ "10", 10, 10 },
		{ "256", 256, 256 },
		{ "99", 100, 99 },
		{ "100", 100, 100 },
#if ULONG_MAX == 18446744073709551615UL
		{ "18446744073709551615", ULONG_MAX, ULONG_MAX },
		{ "18446744073709551614", ULONG_MAX - 1, ULONG_MAX - 1 },
		{ "00018446744073709551615", ULONG_MAX, ULONG_MAX },
#endif
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long value = 12345;
		int r = str_to_uint(cases[i].text, cases[i].max, &value);

		check(!r && value == cases[i].value, "'%s' up to %lu: %d, %lu", cases[i].text, cases[i].max, r, value);
	}
}

static void uint_refuses_the_rest(void **state)
{
	static const struct {
		const char *text;
		unsigned long max;
	} cases[] = {
		{ "", ULONG_MAX },
		{ " ", ULONG_MAX },
		{ " 1", ULONG_MAX },
		{ "1 ", ULONG_MAX },
		{ "1\n", ULONG_MAX },
		{ "+1", ULONG_MAX },
		{ "-1", ULONG_MAX },
		{ "-0", ULONG_MAX },
		{ "0x10", ULONG_MAX },
		{ "1e3", ULONG_MAX },
		{ "1.0", ULONG_MAX },
		{ "1,000", ULONG_MAX },
		{ "a", ULONG_MAX },
		{ "1:", ULONG_MAX },
		{ "/1", ULONG_MAX },
		{ "\xd9\xa1", ULONG_MAX },
		{ "\xb2", ULONG_MAX },
		/* above limits smaller than one digit */
		{ "1", 0 },
		{ "9", 0 },
		{ "01", 0 },
		{ "4", 3 },
		{ "9", 8 },
		{ "9", 5 },
		{ "10", 8 },
		{ "30", 3 },
		{ "33", 3 },
		{ "13", 3 },
		/* above the others */
		{ "11", 10 },
		{ "20", 10 },
		{ "100", 10 },
		{ "257", 256 },
		{ "260", 256 },
		{ "300", 256 },
		{ "1000", 256 },
		{ "18446744073709551616", ULONG_MAX },
		{ "18446744073709551617", ULONG_MAX },
		{ "18446744073709551620", ULONG_MAX },
		{ "18446744073709551625", ULONG_MAX },
		{ "18446744073709551699", ULONG_MAX },
		{ "18446744073709551615", ULONG_MAX - 1 },
		{ "28446744073709551615", ULONG_MAX },
		{ "99999999999999999999", ULONG_MAX },
		{ "184467440737095516150", ULONG_MAX },
		{ "340282366920938463463374607431768211456", ULONG_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		unsigned long value = 12345;
		int r = str_to_uint(text, cases[i].max, &value);

		check(r == -EINVAL, "'%s' up to %lu: %d", text, cases[i].max, r);
		check(value == 12345, "'%s': refused, but set to %lu", text, value);
	}
}

/* Every number near every small limit, against arithmetic that cannot overflow. */
static void uint_agrees_with_arithmetic(void **state)
{
	(void)state;
	for (unsigned long max = 0; max <= 130; max++)
		for (unsigned long n = 0; n <= 140; n++) {
			char text[8];
			unsigned long value = 999;
			int r;

			snprintf(text, sizeof(text), "%lu", n);
			r = str_to_uint(text, max, &value);
			check(n <= max ? !r && value == n : r == -EINVAL && value == 999, "%lu up to %lu: %d, %lu", n,
				max, r, value);
		}
}

static void hex_takes_pairs(void **state)
{
	uint8_t out[4] = { 0xaa, 0xaa, 0xaa, 0xaa };

	(void)state;
	check(str_from_hex("", out, 0) == 0, "nothing into nothing");
	check(str_from_hex("7f", out, 1) == 1 && out[0] == 0x7f, "one byte");
	check(out[1] == 0xaa, "one byte writes two");
	check(str_from_hex("00ffAbcD", out, 4) == 4 && !memcmp(out, "\x00\xff\xab\xcd", 4), "either case");
}

static void hex_refuses_the_rest(void **state)
{
	static const struct {
		const char *hex;
		size_t cap;
	} cases[] = {
		{ "7", 4 },
		{ "7f4", 4 },
		{ "7f4g", 4 },
		{ "g7", 4 },
		{ " 7f", 4 },
		{ "7f ", 4 },
		{ "7f\n", 4 },
		{ "0x7f", 4 },
		{ "\\x7f", 4 },
		{ "+1", 4 },
		{ "00", 0 },
		{ "0001", 1 },
		{ "0001020304", 4 },
	};
	uint8_t out[5];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(out, 0xaa, sizeof(out));
		check(str_from_hex(cases[i].hex, out, cases[i].cap) == -EINVAL, "'%s' into %zu bytes is taken",
			cases[i].hex, cases[i].cap);
		check(out[cases[i].cap] == 0xaa, "'%s' is written past %zu", cases[i].hex, cases[i].cap);
	}
}

static void lists_are_taken_apart(void **state)
{
	static const struct {
		const char *list;
		const char *joined; /* with '|' behind each item */
	} cases[] = {
		{ "", "" },
		{ ",", "" },
		{ " ,\t\r\n, ", "" },
		{ "arm", "arm|" },
		{ "arm,arm64", "arm|arm64|" },
		{ "arm arm64", "arm|arm64|" },
		{ ",,arm,,arm64,,", "arm|arm64|" },
		{ " arm\tarm64\r\nriscv64\n", "arm|arm64|riscv64|" },
		{ "arm;arm64", "arm;arm64|" },
		{ "a\vb\fc", "a\vb\fc|" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *cursor = cases[i].list, *item;
		auto_buf joined = { 0 };
		size_t len;

		while (str_next_item(&cursor, &item, &len)) {
			check(len > 0, "'%s': an empty item", cases[i].list);
			buf_add(&joined, item, len);
			buf_adds(&joined, "|");
		}
		check(!strcmp(buf_text(&joined), cases[i].joined), "'%s' becomes '%s'", cases[i].list,
			buf_text(&joined));
	}
}

static void words_match_whole(void **state)
{
	static const char list[] = "arm arm64,armeb";

	(void)state;
	check(str_in_words(list, "arm", 3), "the first");
	check(str_in_words(list, "armeb", 5), "the last");
	check(str_in_words(list, "arm64-rest", 5), "only len bytes count");
	check(!str_in_words(list, "ar", 2), "a prefix");
	check(!str_in_words(list, "arm6", 4), "a prefix of a longer one");
	check(!str_in_words(list, "arm arm64", 9), "two at once");
	check(!str_in_words(list, "", 0), "nothing");
	check(!str_in_words("", "arm", 3), "in nothing");
}

static void distances(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned limit, distance;
	} cases[] = {
		{ "", "", 2, 0 },
		{ "arm64", "arm64", 2, 0 },
		{ "aarch6", "aarch64", 2, 1 },	 /* insert */
		{ "aarch644", "aarch64", 2, 1 }, /* delete */
		{ "arm65", "arm64", 2, 1 },	 /* change */
		{ "amr64", "arm64", 2, 1 },	 /* swap */
		{ "arm7l", "armv7l", 2, 1 },
		{ "", "ab", 2, 2 },
		{ "ab", "", 2, 2 },
		{ "abc", "", 2, 3 },
		{ "abcdef", "", 2, 3 },	  /* limit + 1 */
		{ "abcd", "badc", 2, 2 }, /* two swaps */
		{ "ca", "abc", 3, 3 },	  /* a swapped pair is not edited again */
		{ "kitten", "sitting", 5, 3 },
		{ "riscv64", "s390x", 2, 3 },
		{ "a", "b", 0, 1 },
		{ "a", "a", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned there = str_distance(cases[i].a, cases[i].b, cases[i].limit);
		unsigned back = str_distance(cases[i].b, cases[i].a, cases[i].limit);

		check(there == cases[i].distance, "'%s' to '%s': %u", cases[i].a, cases[i].b, there);
		check(back == there, "'%s' to '%s': %u, and back %u", cases[i].a, cases[i].b, there, back);
	}
}

static void distances_of_long_words_are_bounded(void **state)
{
	char a[200], b[200];

	(void)state;
	for (size_t len = 40; len < sizeof(a); len++) {
		unsigned d;

		memset(a, 'a', len);
		memset(b, 'a', len);
		a[len] = b[len] = '\0';
		b[0] = 'b';
		d = str_distance(a, b, 2);
		check(d == 1 || d == 3, "%zu bytes: %u", len, d);
		d = str_distance(a, "arm", 2);
		check(d == 3, "%zu bytes to a short one: %u", len, d);
	}
}

static void the_nearest_word_is_found(void **state)
{
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{ "dokcer", "docker" },
		{ "dockerx", "docker" },
		{ "buildha", "buildah" },
		{ "buildx", "buildx" },
		{ "bild", "buildx" },
		{ "moby", "" },
		{ "frob", "" },
		{ "", "" },
		{ "it", "" },
		{ "podmna", "podman" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = 0;
		const char *got = str_nearest("auto docker,buildx podman buildah no", cases[i].typed, &len);

		check(!!got == !!*cases[i].meant, "'%s'", cases[i].typed);
		check(len == strlen(cases[i].meant) && !strncmp(got ? got : "", cases[i].meant, len), "'%s': '%s'",
			cases[i].typed, got);
	}
}

static void escapes(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *escaped;
	} cases[] = {
		{ "", 0, "" },
		{ "plain ~", 7, "plain ~" },
		{ "a\nb\r\tc", 6, "a\\x0ab\\x0d\\x09c" },
		{ "\x1b[2J", 4, "\\x1b[2J" },
		{ "\x7f\x00\x1f", 3, "\\x7f\\x00\\x1f" },
		/* UTF-8 stays */
		{ "\xc3\xa9", 2, "\xc3\xa9" },
		{ "\xe2\x82\xac", 3, "\xe2\x82\xac" },
		{ "\xf0\x9f\x90\xa7", 4, "\xf0\x9f\x90\xa7" },
		{ "\xf4\x8f\xbf\xbf", 4, "\xf4\x8f\xbf\xbf" },
		{ "\xc2\xa0", 2, "\xc2\xa0" },
		{ "\xed\x9f\xbf\xee\x80\x80", 6, "\xed\x9f\xbf\xee\x80\x80" },
		/* control characters of UTF-8: U+0080, U+009B (CSI), U+009F */
		{ "\xc2\x80\xc2\x9b\xc2\x9f", 6, "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f" },
		/* stray and cut bytes */
		{ "\x80", 1, "\\x80" },
		{ "\xbf\xff\xfe", 3, "\\xbf\\xff\\xfe" },
		{ "\xc3", 1, "\\xc3" },
		{ "\xc3\xa9", 1, "\\xc3" },
		{ "\xc3z", 2, "\\xc3z" },
		{ "\xe2\x82", 2, "\\xe2\\x82" },
		{ "\xe2\x82\xac", 2, "\\xe2\\x82" },
		{ "\xe2\x28\xa1", 3, "\\xe2(\\xa1" },
		{ "\xe2\x82\x28", 3, "\\xe2\\x82(" },
		{ "\xe2\x82\xc0", 3, "\\xe2\\x82\\xc0" },
		{ "\xf0\x9f\x90\xff", 4, "\\xf0\\x9f\\x90\\xff" },
		{ "\xf0\x9f\xc3\xa9", 4, "\\xf0\\x9f\xc3\xa9" },
		{ "\xf0\x9f\x90", 3, "\\xf0\\x9f\\x90" },
		{ "\xf0\x9f\x90\x1b", 4, "\\xf0\\x9f\\x90\\x1b" },
		/* overlong forms: of '/', of NUL, of ESC */
		{ "\xc0\xaf", 2, "\\xc0\\xaf" },
		{ "\xc0\x80", 2, "\\xc0\\x80" },
		{ "\xc1\x9b", 2, "\\xc1\\x9b" },
		{ "\xe0\x80\x9b", 3, "\\xe0\\x80\\x9b" },
		{ "\xe0\x9f\xbf", 3, "\\xe0\\x9f\\xbf" },
		{ "\xf0\x80\x80\x9b", 4, "\\xf0\\x80\\x80\\x9b" },
		{ "\xf0\x8f\xbf\xbf", 4, "\\xf0\\x8f\\xbf\\xbf" },
		/* surrogates, and above U+10FFFF */
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },
		{ "\xed\xbf\xbf", 3, "\\xed\\xbf\\xbf" },
		{ "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" },
		{ "\xf5\x80\x80\x80", 4, "\\xf5\\x80\\x80\\x80" },
		{ "\xf8\x88\x80\x80\x80", 5, "\\xf8\\x88\\x80\\x80\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *exact = malloc(cases[i].len + 1);
		auto_buf out = { 0 };

		assert_non_null(exact);
		memcpy(exact + 1, cases[i].text, cases[i].len);
		str_escape(&out, exact + 1, cases[i].len);
		check(!strcmp(buf_text(&out), cases[i].escaped), "case %zu: '%s' instead of '%s'", i, buf_text(&out),
			cases[i].escaped);
	}
}

/* Whatever the bytes, what comes out has no control byte and is what it is when escaped again. */
static void escapes_are_final(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		auto_buf once = { 0 }, twice = { 0 };
		char text[12];

		for (size_t i = 0; i < sizeof(text); i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = (char)(seed >> 24);
		}
		str_escape(&once, text, sizeof(text));
		str_escape(&twice, buf_text(&once), once.len);
		check(!strcmp(buf_text(&once), buf_text(&twice)), "round %u: '%s', then '%s'", round, buf_text(&once),
			buf_text(&twice));
		for (size_t i = 0; i < once.len; i++)
			check((unsigned char)once.data[i] >= 0x20 && once.data[i] != 0x7f, "round %u: a control byte",
				round);
	}
}

static void starts_ends_and_basenames(void **state)
{
	(void)state;
	check(str_starts("qemu-arm", "qemu-") && str_starts("a", ""), "starts");
	check(!str_starts("qem", "qemu-") && !str_starts("xqemu-", "qemu-"), "does not start");
	check(str_ends("qemu-arm-static", "-static") && str_ends("-static", "-static") && str_ends("a", ""), "ends");
	check(!str_ends("static", "-static") && !str_ends("-static ", "-static"), "does not end");
	check(!strcmp(str_basename("/usr/bin/qemu-arm"), "qemu-arm"), "of a path");
	check(!strcmp(str_basename("qemu-arm"), "qemu-arm"), "of a name");
	check(!strcmp(str_basename("/usr/bin/"), ""), "of a directory");
	check(!strcmp(str_basename(""), ""), "of nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(uint_takes_digits_up_to_the_limit),
		unit(uint_refuses_the_rest),
		unit(uint_agrees_with_arithmetic),
		unit(hex_takes_pairs),
		unit(hex_refuses_the_rest),
		unit(lists_are_taken_apart),
		unit(words_match_whole),
		unit(distances),
		unit(distances_of_long_words_are_bounded),
		unit(the_nearest_word_is_found),
		unit(escapes),
		unit(escapes_are_final),
		unit(starts_ends_and_basenames),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
