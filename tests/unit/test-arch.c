// SPDX-License-Identifier: MIT
/* arch/arch: the table is complete, agrees with itself, and has the magic that QEMU accepts. */
#include "arch/arch.h"

#include <string.h>

#include "arch/probe.h"
#include "base/str.h"
#include "binfmt/rule.h"
#include "check.h"
#include "data.h"

enum { HEX_MAX = 64 };

static size_t matches_of(const struct arch *a)
{
	size_t n = 0;

	while (n < ARCH_MATCHES_MAX && a->match[n].handler)
		n++;
	return n;
}

static void rows_are_walked_once(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a)); n++)
		check(arch_by_qemu(a->qemu) == a, "%s is not found by its name", a->qemu);
	check(n == 35, "%zu rows", n);
	check(n <= ARCH_COUNT_MAX, "%zu rows are more than sets hold", n);
}

static void signals_are_numbered_as_on_this_machine_or_not(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		n += a->has_other_signals;
	check(n == 13, "%zu rows with other signals", n);
	check(arch_by_qemu("mipsel")->has_other_signals && arch_by_qemu("sparc64")->has_other_signals,
		"MIPS and SPARC");
	check(!arch_by_qemu("aarch64")->has_other_signals && !arch_by_qemu("arm")->has_other_signals, "ARM");
}

static void names_lead_to_rows(void **state)
{
	static const char *const none[] = { "", "arm64", "qemu-arm", "ARM", "arm ", "ar", "aarch64\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		check(!arch_by_qemu(none[i]), "'%s' is a row", none[i]);
	check(arch_host() && arch_by_qemu(arch_host()->qemu) == arch_host(), "the host is no row");
}

/* The column that this test needs of a row, for messages. */
static bool is_clean_list(const char *words)
{
	for (const char *p = words; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-. ", *p) ||
			(*p == ' ' && (p == words || !p[1] || p[1] == ' ')))
			return false;
	return *words;
}

static void names_are_written_alike(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		const char *const columns[] = { a->qemu, a->oci, a->variant, a->docker, a->uname, a->debian, a->gnu,
			a->alpine, a->systemd };

		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			check(!columns[i] || is_clean_list(columns[i]), "%s: '%s'", a->qemu, columns[i]);
		check(a->uname, "%s: the kernel has a word for each", a->qemu);
		check(!strchr(a->qemu, ' ') && (!a->oci || !strchr(a->oci, ' ')), "%s: two names", a->qemu);
		check(!a->docker || a->oci, "%s: in Docker's library without a platform", a->qemu);
	}
}

/* Two rows of one name would leave one of them out of reach. */
static void exact_names_are_of_one_row(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (const struct arch *b = a; (b = arch_next(b));) {
			check(strcmp(a->qemu, b->qemu), "two rows %s", a->qemu);
			check(!a->oci || !b->oci || strcmp(a->oci, b->oci), "two of %s", a->oci);
			check(!a->docker || !b->docker || strcmp(a->docker, b->docker), "two of %s", a->docker);
			for (size_t i = 0; i < matches_of(a); i++)
				for (size_t k = 0; k < matches_of(b); k++)
					check(strcmp(a->match[i].handler, b->match[k].handler), "two of %s",
						a->match[i].handler);
		}
}

static void handlers_can_be_registered(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		check(matches_of(a) >= 1, "%s: no handler", a->qemu);
		for (size_t i = 0; i < matches_of(a); i++) {
			const char *handler = a->match[i].handler;

			check(!rule_check_name(handler, NULL), "%s: no name for one", handler);
			check(str_starts(handler, "qemu-"), "%s: not the field's custom", handler);
			/* Temporary names are longer by a mark, a process number and a nonce. */
			check(strlen(handler) < 64, "%s: too long to be replaced", handler);
		}
		check(str_ends(a->match[0].handler, a->qemu), "%s: handled by %s", a->qemu, a->match[0].handler);
	}
}

/* gABI chapter 4: what the bytes at these places of the magic stand for. */
static void check_magic(
	const struct arch *a, const struct arch_match *m, const uint8_t *magic, const uint8_t *mask, size_t n)
{
	uint16_t low = a->is_big ? magic[19] : magic[18], high = a->is_big ? magic[18] : magic[19];
	size_t type = a->is_big ? 17 : 16;

	check(n == 20 || n == 40, "%s: %zu bytes", m->handler, n);
	check(!memcmp(magic, "\177ELF", 4) && !memcmp(mask, "\xff\xff\xff\xff", 4), "%s: not ELF", m->handler);
	check(magic[4] == (a->bits == 64 ? 2 : 1) && mask[4] == 0xff, "%s: class", m->handler);
	check(magic[5] == (a->is_big ? 2 : 1), "%s: byte order", m->handler);
	check(magic[6] == 1, "%s: version", m->handler);
	check((low | high << 8) == m->machine, "%s: e_machine", m->handler);
	check(magic[type] == 2 && mask[type] == 0xfe, "%s: not both EXEC and DYN", m->handler);
	/* Upstream masks the lowest bit of byte order and version away for some, and sets it. */
	for (size_t i = 0; i < n; i++)
		check(i == 5 || i == 6 || !(magic[i] & ~mask[i]), "%s: byte %zu is set and not looked at", m->handler,
			i);
}

static void magics_say_what_the_row_says(void **state)
{
	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t i = 0; i < matches_of(a); i++) {
			uint8_t magic[HEX_MAX], mask[HEX_MAX];
			int n = str_from_hex(a->match[i].magic, magic, sizeof(magic));

			check(n >= 20, "%s: no hex", a->match[i].handler);
			check(str_from_hex(a->match[i].mask, mask, sizeof(mask)) == n,
				"%s: magic and mask differ in length", a->match[i].handler);
			if (n >= 20)
				check_magic(a, &a->match[i], magic, mask, (size_t)n);
		}
}

static const struct arch_match *find_match(const char *handler)
{
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t i = 0; i < matches_of(a); i++)
			if (!strcmp(a->match[i].handler, handler))
				return &a->match[i];
	return NULL;
}

static void magics_are_those_of_qemu(void **state)
{
	struct data rules = data_open("ok-rules.tsv", 3);
	size_t in_file = 0, in_table = 0;

	(void)state;
	while (data_next(&rules)) {
		const struct arch_match *m = find_match(rules.field[0]);

		in_file++;
		check(m, "no handler %s", rules.field[0]);
		if (!m)
			continue;
		check(!strcmp(m->magic, rules.field[1]), "%s: magic %s", m->handler, m->magic);
		check(!strcmp(m->mask, rules.field[2]), "%s: mask %s", m->handler, m->mask);
	}
	for (const struct arch *a = NULL; (a = arch_next(a));)
		in_table += matches_of(a);
	check(in_file == 38 && in_table == in_file, "%zu in the file, %zu in the table", in_file, in_table);
}

static void programs_are_hex(void **state)
{
	uint8_t code[32];

	(void)state;
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		int n = a->probe_code ? str_from_hex(a->probe_code, code, sizeof(code)) : -1;

		check(n > 0 && n + 120 <= PROBE_SIZE_MAX, "%s: %d bytes", a->qemu, n);
		check(a->bits == 32 || a->bits == 64, "%s: %u bits", a->qemu, a->bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(rows_are_walked_once),
		unit(signals_are_numbered_as_on_this_machine_or_not),
		cmocka_unit_test(signals_are_numbered_as_on_this_machine_or_not),
		unit(names_lead_to_rows),
		unit(names_are_written_alike),
		unit(exact_names_are_of_one_row),
		unit(handlers_can_be_registered),
		unit(magics_say_what_the_row_says),
		unit(magics_are_those_of_qemu),
		unit(programs_are_hex),
	};

	return cmocka_run_group_tests_name("arch", tests, NULL, NULL);
}
