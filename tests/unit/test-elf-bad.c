// SPDX-License-Identifier: MIT
/* arch/elf: every malformed or hostile header is refused, and none does harm. */
#include <stdio.h>
#include <string.h>

#include "arch/elf.h"
#include "check.h"
#include "kind.h"

static void a_refusal_leaves_the_result_alone(void **state)
{
	auto_free struct image *image = kind_image(&kinds[0]);
	struct elf_info info, before;
	auto_fd fd = -1;

	(void)state;
	image_set(image, FIELD_PHENTSIZE, 1);
	fd = image_open(image, image->size);
	memset(&info, 0x5a, sizeof(info));
	before = info;
	check(elf_read(fd, &info, NULL) == -EBADMSG, "not refused");
	check(!memcmp(&info, &before, sizeof(info)), "refused, but filled in");
}

/* Each length of a file: its header must be whole, its program headers, too; then it is truncated.
 */
static void every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		auto_free struct image *image = kind_image(&kinds[i]);
		size_t headers = image_header_size(image) + image_segment_size(image);

		for (size_t size = 0; size <= image->size; size++) {
			int expected = size < 4 ? -ENOEXEC : size < headers ? -EBADMSG : 0;
			auto_fd fd = image_open(image, size);
			struct elf_info info = { 0 };
			char what[64];
			int r;

			snprintf(what, sizeof(what), "%s cut after %zu bytes", kinds[i].name, size);
			r = read_fd(what, fd, expected, &info);
			check(r || expected || info.is_truncated == (size < image->size), "%s: truncated is %d", what,
				info.is_truncated);
			if (r != expected)
				break;
		}
	}
}

/* One wrong field each; limits that differ by class are given for both. */
static const struct defect {
	const char *name;
	enum image_field field;
	uint64_t value32, value64;
} defects[] = {
	{ "EI_CLASS 0", FIELD_CLASS, 0, 0 },
	{ "EI_CLASS 3", FIELD_CLASS, 3, 3 },
	{ "EI_CLASS 255", FIELD_CLASS, 255, 255 },
	{ "EI_DATA 0", FIELD_DATA, 0, 0 },
	{ "EI_DATA 3", FIELD_DATA, 3, 3 },
	{ "EI_DATA 255", FIELD_DATA, 255, 255 },
	{ "EI_VERSION 0", FIELD_VERSION, 0, 0 },
	{ "EI_VERSION 2", FIELD_VERSION, 2, 2 },
	{ "e_phoff at the largest number", FIELD_PHOFF, UINT32_MAX, UINT64_MAX },
	{ "e_phoff that wraps", FIELD_PHOFF, UINT32_MAX - 16, UINT64_MAX - 16 },
	{ "e_phoff negative", FIELD_PHOFF, 1u << 31, 1ull << 63 },
	{ "e_phoff at the end", FIELD_PHOFF, 52 + 32 + 16, 64 + 56 + 16 },
	{ "e_phoff one byte before the end", FIELD_PHOFF, 52 + 32 + 15, 64 + 56 + 15 },
	{ "e_phoff behind the end", FIELD_PHOFF, 4096, 4096 },
	{ "e_phoff 0 with a program header", FIELD_PHOFF, 0, 0 },
	{ "e_phnum PN_XNUM without sections", FIELD_PHNUM, 65535, 65535 },
	{ "e_phnum 65534", FIELD_PHNUM, 65534, 65534 },
	{ "e_phnum one more than there is", FIELD_PHNUM, 2, 2 },
	{ "e_phnum over the limit", FIELD_PHNUM, ELF_PHNUM_MAX + 1, ELF_PHNUM_MAX + 1 },
	{ "e_phentsize 0", FIELD_PHENTSIZE, 0, 0 },
	{ "e_phentsize 1", FIELD_PHENTSIZE, 1, 1 },
	{ "e_phentsize one too small", FIELD_PHENTSIZE, 31, 55 },
	{ "e_phentsize one too large", FIELD_PHENTSIZE, 33, 57 },
	{ "e_phentsize of the other class", FIELD_PHENTSIZE, 56, 32 },
	{ "e_phentsize 65535", FIELD_PHENTSIZE, 65535, 65535 },
};

static void wrong_headers_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t d = 0; d < ARRAY_SIZE(defects); d++) {
			auto_free struct image *image = kind_image(&kinds[i]);
			char what[64];

			snprintf(what, sizeof(what), "%s, %s", kinds[i].name, defects[d].name);
			image_set(
				image, defects[d].field, kinds[i].bits == 64 ? defects[d].value64 : defects[d].value32);
			read_image(what, image, -EBADMSG, NULL);
		}
}

static void program_headers_have_a_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t n = ELF_PHNUM_MAX - 1; n <= ELF_PHNUM_MAX + 1; n++) {
			auto_free struct image *image = image_new(kinds[i].bits, kinds[i].is_big, kinds[i].machine);
			char what[64];

			for (size_t k = 0; k < n; k++)
				image_segment(image, SEGMENT_LOAD, 0, 16);
			snprintf(what, sizeof(what), "%s, %zu of them", kinds[i].name, n);
			read_image(what, image, n > ELF_PHNUM_MAX ? -EBADMSG : 0, NULL);
		}
}

static void of_no_bytes_at_the_end(struct image *image)
{
	size_t at = image_header_size(image) + image_segment_size(image) + image->bits / 8;

	image_segment(image, SEGMENT_INTERP, 0, 0);
	image_put(image, at, image->bits / 8, image->size);
}

static void behind_the_end(struct image *image)
{
	image_segment(image, SEGMENT_INTERP, 1 << 20, 16);
}

static void that_wraps(struct image *image)
{
	image_segment(image, SEGMENT_INTERP, image->bits == 64 ? UINT64_MAX - 4 : UINT32_MAX - 4, 16);
}

static void without_nul(struct image *image)
{
	image_interpreter(image, "/lib/ld.so.1", 12);
}

static void of_one_byte(struct image *image)
{
	image_interpreter(image, "", 1);
}

static void one_byte_too_long(struct image *image)
{
	char name[ELF_INTERPRETER_MAX + 1] = "/";

	memset(name + 1, 'x', sizeof(name) - 2);
	image_interpreter(image, name, sizeof(name));
}

static void much_too_long(struct image *image)
{
	static const char name[60000] = "/lib/ld.so.1";

	image_interpreter(image, name, sizeof(name));
}

static void twice(struct image *image)
{
	image_interpreter(image, "/lib/ld.so.1", 13);
	image_interpreter(image, "/lib/ld.so.2", 13);
}

static void wrong_interpreters_are_refused(void **state)
{
	static const struct {
		const char *what;
		void (*add)(struct image *image);
	} cases[] = {
		{ "of no bytes at the end", of_no_bytes_at_the_end },
		{ "behind the end", behind_the_end },
		{ "that wraps", that_wraps },
		{ "without NUL", without_nul },
		{ "of one byte", of_one_byte },
		{ "one byte too long", one_byte_too_long },
		{ "much too long", much_too_long },
		{ "twice", twice },
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			auto_free struct image *image = kind_image(&kinds[i]);
			char what[64];

			snprintf(what, sizeof(what), "%s, PT_INTERP %s", kinds[i].name, cases[k].what);
			cases[k].add(image);
			read_image(what, image, -EBADMSG, NULL);
		}
}

static void segments_beyond_the_end_are_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		uint64_t most = kinds[i].bits == 64 ? UINT64_MAX : UINT32_MAX;
		const struct {
			uint64_t offset, size;
			bool is_truncated;
		} cases[] = {
			{ 0, 16, false },
			{ 16, 0, false },
			{ 0, 4096, true },
			{ 1 << 20, 0, true },
			{ 1 << 20, 1, true },
			{ most, 1, true },
			{ 1, most, true },
			{ most, most, true },
			{ most - 15, 16, true },
		};

		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			auto_free struct image *image = image_new(kinds[i].bits, kinds[i].is_big, kinds[i].machine);
			struct elf_info info = { 0 };

			image_segment(image, SEGMENT_LOAD, cases[k].offset, cases[k].size);
			if (!read_image(kinds[i].name, image, 0, &info))
				check(info.is_truncated == cases[k].is_truncated, "%s, case %zu: truncated is %d",
					kinds[i].name, k, info.is_truncated);
		}
	}
}

/* The section table is none of our business: whatever it says, no memory is taken for it. */
static void hostile_section_tables_do_no_harm(void **state)
{
	static const struct {
		uint64_t offset, number, entry_size, names, first_size;
	} cases[] = {
		{ UINT64_MAX, 1, 64, 0, 0 },
		{ UINT64_MAX, 0, 64, 0, 0 },
		{ 200, 0, 64, 0, UINT64_MAX },
		{ 200, 0, 64, 0, 1ull << 60 },
		{ 200, 0, 64, 0, 1u << 30 },
		{ 200, 0, 64, 0xffff, 1u << 28 },
		{ 200, 65535, 64, 0, 0 },
		{ 200, 0xff00, 64, 0xffff, 0 },
		{ 200, 3, 0, 2, 0 },
		{ 200, 3, 1, 65535, 0 },
		{ 201, 2, 64, 1, 0 },
		{ 1, 65535, 65535, 65535, 0 },
		{ 600, 1, 64, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			auto_free struct image *image = kind_image(&kinds[i]);
			bool is_wide = kinds[i].bits == 64;
			auto_fd fd = -1;
			struct elf_info info;
			auto_err e = { 0 };
			int r;

			image_set(image, FIELD_SHOFF, cases[k].offset);
			image_set(image, FIELD_SHNUM, cases[k].number);
			image_set(image, FIELD_SHENTSIZE, cases[k].entry_size);
			image_set(image, FIELD_SHSTRNDX, cases[k].names);
			image_put(image, is_wide ? 200 + 32 : 200 + 20, is_wide ? 8 : 4, cases[k].first_size);
			image->size = 600;
			fd = image_open(image, image->size);
			r = elf_read(fd, &info, &e);
			check(r == 0 || r == -EBADMSG, "%s, case %zu: %d", kinds[i].name, k, r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_refusal_leaves_the_result_alone),
		unit(every_truncation),
		unit(wrong_headers_are_refused),
		unit(program_headers_have_a_limit),
		unit(wrong_interpreters_are_refused),
		unit(segments_beyond_the_end_are_seen),
		unit(hostile_section_tables_do_no_harm),
	};

	return cmocka_run_group_tests_name("elf, bad", tests, NULL, NULL);
}
