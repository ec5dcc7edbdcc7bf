// SPDX-License-Identifier: MIT
/* arch/attributes and arch/abi: which ARM a file was built for, its flags in words. */
#include "arch/abi.h"

#include <stdio.h>
#include <string.h>

#include "arch/attributes.h"
#include "base/str.h"
#include "check.h"

enum { SECTION_MAX = 128 };

/* Parses a copy that ends where it ends. */
static struct elf_arm parse(const uint8_t *bytes, size_t len, bool is_big)
{
	auto_free uint8_t *exact = malloc(len + 1);
	struct elf_arm arm;

	assert_non_null(exact);
	memset(&arm, 0x5a, sizeof(arm));
	memcpy(exact + 1, bytes, len);
	attributes_parse(exact + 1, len, is_big, &arm);
	return arm;
}

/* Sections of .ARM.attributes; the first ones are of Debian's programs. */
static const struct section {
	const char *what, *hex;
	bool is_big, has;
	unsigned cpu_arch, vfp_args;
} sections[] = {
	{ "busybox-static:armel",
		"412a000000616561626900012000000005355445000604"
		"0801090112041301140115011703180119011a02",
		false, true, 4, 0 },
	{ "busybox-static:armhf",
		"4134000000616561626900012a00000005372d4100060a0741080109"
		"020a030c0112041301140115011703180119011a021c012201",
		false, true, 10, 1 },
	{ "libc6-armel-cross:libc.so.6",
		"412e000000616561626900012400000005355445000604080109"
		"01120413011401150116011703180119011a021e02",
		false, true, 4, 0 },
	{ "arch-test:armhf", "4115000000616561626900010b000000060a07410801", false, true, 10, 0 },
	{ "arch-test:armel, which names no CPU", "411100000061656162690001070000000801", false, false, 0, 0 },
	{ "big-endian", "4100000011616561626900010000000706060000", true, true, 6, 0 },
	{ "two vendors", "410f000000676e7500010700000006011100000061656162690001070000000607", false, true, 7, 0 },
	{ "another vendor", "411100000061656162690101070000000607", false, false, 0, 0 },
	{ "of a section, not of the file", "4111000000616561626900020700000006070000", false, false, 0, 0 },
	{ "of a section, then of the file", "4118000000616561626900020700000006070107000000060a", false, true, 10, 0 },
	{ "Tag_compatibility before it",
		"411600000061656162690001"
		"0c000000"
		"20016162000608",
		false, true, 8, 0 },
	{ "a text tag above 32 before it",
		"411700000061656162690001"
		"0d000000"
		"43322e303900060a",
		false, true, 10, 0 },
	{ "a text tag above 32 that could be read as numbers", "4114000000616561626900010a000000434100060a", false,
		true, 10, 0 },
	{ "a value of two bytes",
		"411200000061656162690001"
		"08000000"
		"068e00",
		false, true, 14, 0 },
};

static size_t from_hex(const char *hex, uint8_t *out)
{
	int n = str_from_hex(hex, out, SECTION_MAX);

	assert_true(n >= 0);
	return (size_t)n;
}

static void sections_are_parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct section *s = &sections[i];
		uint8_t bytes[SECTION_MAX];
		struct elf_arm arm = parse(bytes, from_hex(s->hex, bytes), s->is_big);

		check(arm.has == s->has, "%s: has %d", s->what, arm.has);
		check(!s->has || (arm.cpu_arch == s->cpu_arch && arm.vfp_args == s->vfp_args), "%s: CPU %u, VFP %u",
			s->what, arm.cpu_arch, arm.vfp_args);
	}
}

/* No byte is read behind the end, wherever that is, and whatever one byte says. */
static void broken_sections_do_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		uint8_t bytes[SECTION_MAX];
		size_t len = from_hex(sections[i].hex, bytes);

		for (size_t cut = 0; cut < len; cut++) {
			struct elf_arm arm = parse(bytes, cut, sections[i].is_big);

			check(!arm.has || arm.cpu_arch <= 14, "%s cut after %zu: CPU %u", sections[i].what, cut,
				arm.cpu_arch);
		}
		for (size_t at = 0; at < len; at++)
			for (unsigned value = 0; value < 256; value++) {
				uint8_t was = bytes[at];

				bytes[at] = (uint8_t)value;
				parse(bytes, len, sections[i].is_big);
				parse(bytes, len, !sections[i].is_big);
				bytes[at] = was;
			}
	}
}

static void endless_values_end(void **state)
{
	static const char *const cases[] = {
		"",
		"41",
		"42",
		"4100000000",
		"41ffffffff",
		"4104000000",
		"4105000000616561626900",
		"41ffffffff616561626900",
		"410e0000006165616269000100000000",
		"411100000061656162690001ffffffff0606",
		"4111000000616561626900010700000006ff",
		"4116000000616561626900010c00000006ffffffffffff7f",
		"4116000000616561626900010c000000ffffffffffff7f06",
		"4113000000616561626900ffffffffff7f0000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t bytes[SECTION_MAX];
		struct elf_arm arm = parse(bytes, from_hex(cases[i], bytes), false);

		check(!arm.has, "%s has a CPU %u", cases[i], arm.cpu_arch);
	}
}

/* Headers as programs have them, in words, and the variant that follows. */
static const struct file {
	struct elf_head head;
	struct elf_arm arm;
	const char *interpreter, *words, *row, *variant;
} files[] = {
	{ { .bits = 32, .machine = 40, .flags = 0x5000200 }, { true, 4, 0 }, "", "EABI5, soft float, ARMv5TE", "arm",
		"v5" },
	{ { .bits = 32, .machine = 40, .flags = 0x5000400 }, { true, 10, 1 }, "", "EABI5, hard float, ARMv7", "arm",
		"v7" },
	{ { .bits = 32, .machine = 40, .flags = 0x5000400 }, { true, 6, 1 }, "", "EABI5, hard float, ARMv6", "arm",
		"v6" },
	{ { .bits = 32, .machine = 40, .flags = 0x5000400 }, { true, 14, 1 }, "", "EABI5, hard float, ARMv8-A", "arm",
		"v8" },
	{ { .bits = 32, .machine = 40, .flags = 0x5000000 }, { true, 10, 1 }, "", "EABI5, hard float, ARMv7", "arm",
		"v7" },
	{ { .bits = 32, .machine = 40, .flags = 0x5000002 }, { 0 }, "", "EABI5", "arm", "" },
	{ { .bits = 32, .machine = 40, .flags = 0x5000000 }, { 0 }, "/lib/ld-linux-armhf.so.3", "EABI5, hard float",
		"arm", "" },
	{ { .bits = 32, .machine = 40, .flags = 0x5000000 }, { 0 }, "/lib/ld-musl-armhf.so.1", "EABI5, hard float",
		"arm", "" },
	{ { .bits = 32, .machine = 40, .flags = 0 }, { 0 }, "", "OABI", "arm", "" },
	{ { .bits = 32, .machine = 40, .flags = 0x5000000 }, { true, 200, 0 }, "", "EABI5", "arm", "" },
	{ { .bits = 32, .is_big = true, .machine = 40, .flags = 0x5800000 }, { 0 }, "", "EABI5, BE8", "armeb", "" },
	{ { .bits = 32, .is_big = true, .machine = 40, .flags = 0x5000000 }, { 0 }, "", "EABI5, BE32", "armeb", "" },
	{ { .bits = 64, .machine = 183 }, { 0 }, "", "", "aarch64", "" },
	{ { .bits = 32, .machine = 183 }, { 0 }, "", "ILP32", NULL, "" },
	{ { .bits = 64, .machine = 62 }, { 0 }, "", "", "x86_64", "" },
	{ { .bits = 32, .machine = 62 }, { 0 }, "", "x32", NULL, "" },
	{ { .bits = 32, .machine = 3 }, { 0 }, "", "", "i386", "" },
	{ { .bits = 32, .is_big = true, .machine = 22 }, { 0 }, "", "31 bits", NULL, "" },
	{ { .bits = 64, .is_big = true, .machine = 22 }, { 0 }, "", "", "s390x", "" },
	{ { .bits = 32, .is_big = true, .machine = 8, .flags = 0x70001007 }, { 0 }, "", "o32, MIPS32 r2", "mips", "" },
	{ { .bits = 32, .machine = 8, .flags = 0x90001407, .abi_version = 3 }, { 0 }, "", "o32, MIPS32 r6, NaN2008",
		"mipsel", "" },
	{ { .bits = 32, .machine = 8, .flags = 0x80000027 }, { 0 }, "", "n32, MIPS64 r2", "mipsn32el", "" },
	{ { .bits = 64, .is_big = true, .machine = 8, .flags = 0x80000007 }, { 0 }, "", "n64, MIPS64 r2", "mips64",
		"" },
	{ { .bits = 32, .machine = 8, .flags = 0xf0001200 }, { 0 }, "", "o32, FP64", "mipsel", "" },
	{ { .bits = 64, .machine = 21, .flags = 2 }, { 0 }, "", "ELFv2", "ppc64le", "" },
	{ { .bits = 64, .is_big = true, .machine = 21, .flags = 1 }, { 0 }, "", "ELFv1", "ppc64", "" },
	{ { .bits = 64, .is_big = true, .machine = 21, .flags = 0 }, { 0 }, "", "ELFv1", "ppc64", "" },
	{ { .bits = 64, .is_big = true, .machine = 21, .flags = 3 }, { 0 }, "", "ELFv1", "ppc64", "" },
	{ { .bits = 64, .machine = 243, .flags = 5 }, { 0 }, "", "lp64d, compressed", "riscv64", "" },
	{ { .bits = 32, .machine = 243, .flags = 0 }, { 0 }, "", "ilp32", "riscv32", "" },
	{ { .bits = 64, .machine = 258, .flags = 0x43 }, { 0 }, "", "double float", "loongarch64", "" },
	{ { .bits = 64, .machine = 258, .flags = 0xff }, { 0 }, "", "", "loongarch64", "" },
	{ { .bits = 32, .is_big = true, .machine = 4 }, { 0 }, "", "680x0", "m68k", "" },
	{ { .bits = 32, .is_big = true, .machine = 4, .flags = 0x0f }, { 0 }, "", "ColdFire", "m68k", "" },
	{ { .bits = 64, .machine = 50 }, { 0 }, "", "", NULL, "" },
};

static struct elf_info info_of(const struct file *f)
{
	struct elf_info info = { .head = f->head, .arm = f->arm };

	snprintf(info.interpreter, sizeof(info.interpreter), "%s", f->interpreter);
	return info;
}

static void flags_are_told_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct elf_info info = info_of(&files[i]);
		auto_buf words = { 0 };

		abi_describe(&words, &info);
		check(!strcmp(buf_text(&words), files[i].words), "machine %u, flags %#x: '%s', not '%s'",
			files[i].head.machine, files[i].head.flags, buf_text(&words), files[i].words);
	}
}

static void platforms_follow_from_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct elf_info info = info_of(&files[i]);
		struct platform p = { 0 };
		bool has = abi_platform(&info, &p);

		check(has == (files[i].row != NULL), "case %zu: %d", i, has);
		if (!has || !files[i].row)
			continue;
		check(!strcmp(p.arch->qemu, files[i].row) && !strcmp(p.variant, files[i].variant),
			"case %zu: %s '%s', not %s '%s'", i, p.arch->qemu, p.variant, files[i].row, files[i].variant);
	}
}

/* Whatever the flags are, describing them ends, and in one line. */
static void any_flags_can_be_told(void **state)
{
	static const uint16_t machines[] = { 2, 3, 4, 8, 20, 21, 22, 40, 62, 183, 243, 258, 0xffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		for (unsigned shift = 0; shift < 32; shift++)
			for (unsigned big = 0; big < 2; big++) {
				struct elf_info info = { .head = { .machine = machines[i],
								 .bits = shift % 2 ? 32 : 64,
								 .is_big = big,
								 .flags = ~0u << shift },
					.arm = { true, ~0u >> shift, 1 } };
				struct platform p;
				auto_buf words = { 0 };

				abi_describe(&words, &info);
				abi_platform(&info, &p);
				check(buf_ok(&words) && words.len < 100 && !strchr(buf_text(&words), '\n'), "'%s'",
					buf_text(&words));
			}
}

static void machines_and_systems_have_words(void **state)
{
	struct elf_head head = { .os_abi = 3 };

	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++)
			check(abi_machine(a->match[m].machine), "%s: no word", a->match[m].handler);
	check(!abi_machine(0xfffe), "a word for what is unknown");
	check(abi_os(&head) && strstr(abi_os(&head), "Linux"), "3 is '%s'", abi_os(&head));
	head.os_abi = 200;
	check(!abi_os(&head), "a word for what is unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(sections_are_parsed),
		unit(broken_sections_do_no_harm),
		unit(endless_values_end),
		unit(flags_are_told_in_words),
		unit(platforms_follow_from_files),
		unit(any_flags_can_be_told),
		unit(machines_and_systems_have_words),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
