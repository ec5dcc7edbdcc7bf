// SPDX-License-Identifier: MIT
/* arch/attributes: the section .ARM.attributes, as toolchains write it and as nobody should. */
#include "arch/attributes.h"

#include <string.h>

#include "base/buf.h"
#include "check.h"

static void put_u32(struct buf *out, uint32_t value, bool is_big)
{
	for (unsigned i = 0; i < 4; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * (is_big ? 3 - i : i));

		buf_add(out, &byte, 1);
	}
}

/* A block: its length, itself included, and what is in it. already: bytes before it that count,
 * too. */
static void put_block(struct buf *out, const struct buf *content, size_t already, bool is_big)
{
	put_u32(out, (uint32_t)(content->len + already + 4), is_big);
	buf_add(out, content->data, content->len);
}

static void put_scope(struct buf *out, uint8_t scope, const void *tags, size_t len, bool is_big)
{
	auto_buf content = { 0 };

	buf_add(&content, tags, len);
	buf_add(out, &scope, 1);
	put_block(out, &content, 1, is_big);
}

static void put_vendor(struct buf *out, const char *vendor, const struct buf *scopes, bool is_big)
{
	auto_buf content = { 0 };

	buf_add(&content, vendor, strlen(vendor) + 1);
	buf_add(&content, scopes->data, scopes->len);
	put_block(out, &content, 0, is_big);
}

/* A whole section with these tags for the file. */
static struct buf section(const void *tags, size_t len, bool is_big)
{
	struct buf out = { 0 };
	auto_buf scopes = { 0 };

	put_scope(&scopes, 1, tags, len, is_big);
	buf_adds(&out, "A");
	put_vendor(&out, "aeabi", &scopes, is_big);
	return out;
}

/* From memory that ends where the section ends. */
static struct elf_arm parse(const void *data, size_t len, bool is_big)
{
	auto_free uint8_t *exact = malloc(len ? len : 1);
	struct elf_arm arm;

	assert_non_null(exact);
	if (len)
		memcpy(exact, data, len);
	attributes_parse(exact, len, is_big, &arm);
	return arm;
}

static struct elf_arm parse_tags(const char *tags, size_t len, bool is_big)
{
	auto_buf bytes = section(tags, len, is_big);

	return parse(bytes.data, bytes.len, is_big);
}

static void architectures_are_read(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < 128; cpu++)
		for (unsigned big = 0; big < 2; big++) {
			char tags[] = { 6, (char)cpu };
			struct elf_arm arm = parse_tags(tags, sizeof(tags), big);

			check(arm.has && arm.cpu_arch == cpu && !arm.vfp_args, "%u: %u", cpu, arm.cpu_arch);
		}
}

/* readelf -A of Debian's busybox: armhf, armel. */
static void what_debian_has(void **state)
{
	static const char armhf[] = "\0057-"
				    "A\0\6\12\7\101\10\1\11\2\12\3\14\1\22\4\24\1\25\1\27\3\30\1\31\1\32\2\34\1\42\1";
	static const char armel[] = "\0055TE\0\6\4\10\1\11\1\22\4\24\1\25\1\27\3\30\1\31\1\32\2";
	struct elf_arm hard = parse_tags(armhf, sizeof(armhf) - 1, false);
	struct elf_arm soft = parse_tags(armel, sizeof(armel) - 1, false);

	(void)state;
	assert_true(hard.has && hard.cpu_arch == 10 && hard.vfp_args == 1);
	assert_true(soft.has && soft.cpu_arch == 4 && !soft.vfp_args);
}

/* What is not known is passed over in the form that its number tells. */
static void other_tags_are_passed_over(void **state)
{
	static const struct {
		const char *tags;
		size_t len;
	} cases[] = {
		{ "\4name\0\6\12", 8 },		     /* Tag_CPU_raw_name */
		{ "\5\0\6\12", 4 },		     /* an empty Tag_CPU_name */
		{ "\40\1gnu\0\6\12", 8 },	     /* Tag_compatibility: a number and a text */
		{ "\41text\0\6\12", 8 },	     /* odd above 32: text */
		{ "\42\1\6\12", 4 },		     /* even: a number */
		{ "\7\377\177\6\12", 5 },	     /* a number of two bytes */
		{ "\377\1text\0\6\12", 9 },	     /* a tag of two bytes, odd */
		{ "\376\1\1\6\12", 5 },		     /* even */
		{ "\7\377\377\377\377\17\6\12", 8 }, /* 32 bits */
		{ "\6\3\6\12", 4 },		     /* the last one counts */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct elf_arm arm = parse_tags(cases[i].tags, cases[i].len, false);

		check(arm.has && arm.cpu_arch == 10, "%s: %u", shown(cases[i].tags, cases[i].len), arm.cpu_arch);
	}
}

static void other_scopes_and_vendors_do_not_count(void **state)
{
	auto_buf scopes = { 0 }, others = { 0 }, out = { 0 }, alone = { 0 };
	struct elf_arm arm;

	(void)state;
	put_scope(&scopes, 2, "\1\0\6\16", 4, false); /* Tag_Section */
	put_scope(&scopes, 3, "\1\0\6\16", 4, false); /* Tag_Symbol */
	put_scope(&scopes, 1, "\6\12", 2, false);
	put_scope(&others, 1, "\6\16", 2, false);
	buf_adds(&out, "A");
	put_vendor(&out, "gnu", &others, false);
	put_vendor(&out, "aeabi", &scopes, false);
	put_vendor(&out, "", &others, false);
	arm = parse(out.data, out.len, false);
	assert_true(arm.has && arm.cpu_arch == 10);
	buf_adds(&alone, "A");
	put_vendor(&alone, "aeab", &others, false);
	put_vendor(&alone, "aeabix", &others, false);
	arm = parse(alone.data, alone.len, false);
	assert_false(arm.has);
}

/* Each of these ends the parsing; what was found before it stays. */
static void malformed_ends_it(void **state)
{
	static const struct {
		const char *tags;
		size_t len;
		bool has;
	} cases[] = {
		{ "", 0, false }, { "\6", 1, false }, { "\6\200", 2, false },
		{ "\6\200\200\200\200\200\1", 7, false },				 /* more than 32 bits */
		{ "\200\200\200\200\200\200\1\6\12", 9, false }, { "\5name", 5, false }, /* no NUL */
		{ "\5name\6\12", 7, false }, { "\6\12\5name", 7, true }, { "\6\12\200", 3, true },
		{ "\40\1\6\12", 4, false }, /* the text runs to the end */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct elf_arm arm = parse_tags(cases[i].tags, cases[i].len, false);

		check(arm.has == cases[i].has && (!arm.has || arm.cpu_arch == 10), "%s: %u",
			shown(cases[i].tags, cases[i].len), arm.cpu_arch);
	}
}

static void lengths_stay_inside(void **state)
{
	static const char tags[] = { 5, 'x', 0, 6, 10, 28, 1 };
	static const uint32_t lengths[] = { 0, 1, 3, 4, 5, 0x7fffffff, 0x80000000, 0xfffffffb, 0xfffffffc, 0xffffffff };

	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		auto_buf good = section(tags, sizeof(tags), big);

		/* Cut anywhere: what is left is not there. */
		for (size_t len = 0; len < good.len; len++)
			check(!parse(good.data, len, big).has, "%zu of %zu bytes", len, good.len);
		/* Any length in place of the vendor's (at 1) and the scope's (at 12). */
		for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
			for (size_t at = 1; at <= 12; at += 11) {
				auto_buf changed = { 0 }, length = { 0 };

				buf_add(&changed, good.data, good.len);
				put_u32(&length, lengths[i], big);
				memcpy(changed.data + at, length.data, 4);
				check(!parse(changed.data, changed.len, big).has, "length %#x at %zu", lengths[i], at);
			}
	}
}

/* Every byte, every value: no read outside (the sanitizers see it), and it ends. */
static void any_byte_may_be_anything(void **state)
{
	static const char tags[] = { 5, 'x', 0, 6, 10, 32, 1, 'y', 0, 28, 1 };
	auto_buf good = section(tags, sizeof(tags), false);

	(void)state;
	for (size_t at = 0; at < good.len; at++)
		for (unsigned value = 0; value < 256; value++) {
			char before = good.data[at];

			good.data[at] = (char)value;
			parse(good.data, good.len, false);
			parse(good.data, good.len, true);
			good.data[at] = before;
		}
	assert_true(parse(good.data, good.len, false).has);
	assert_false(parse(good.data, good.len, true).has);
	good.data[0] = 'B';
	assert_false(parse(good.data, good.len, false).has);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(architectures_are_read),
		unit(what_debian_has),
		unit(other_tags_are_passed_over),
		unit(other_scopes_and_vendors_do_not_count),
		unit(malformed_ends_it),
		unit(lengths_stay_inside),
		unit(any_byte_may_be_anything),
	};

	return cmocka_run_group_tests_name("attributes", tests, NULL, NULL);
}
