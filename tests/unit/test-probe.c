// SPDX-License-Identifier: MIT
/* arch/probe: each is a whole static program of its architecture; the host's exits with argc. */
#include "arch/probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "arch/elf.h"
#include "base/fdio.h"
#include "base/str.h"
#include "check.h"

enum { BASE = 0x400000 };

static uint64_t get(const struct arch *a, const struct probe *p, size_t at, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | p->data[at + (a->is_big ? i : len - 1 - i)];
	return value;
}

static size_t code_of(const struct arch *a, uint8_t *code, size_t cap)
{
	int n = str_from_hex(a->probe_code, code, cap);

	assert_true(n > 0);
	return (size_t)n;
}

typedef void (*with_probe)(const struct arch *a, size_t match, const struct probe *p);

static void for_each_probe(with_probe with)
{
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++) {
			struct probe p = probe_build(a, m, NULL);

			with(a, m, &p);
		}
}

/* gABI chapters 4 and 5; the layout of architectures that all agree on. */
static void check_header(const struct arch *a, size_t match, const struct probe *p)
{
	const char *name = a->match[match].handler;
	bool is_wide = a->bits == 64;
	size_t word = a->bits / 8, ehsize = is_wide ? 64 : 52, phsize = is_wide ? 56 : 32;
	const uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', is_wide ? 2 : 1, a->is_big ? 2 : 1, 1 };

	check(!memcmp(p->data, ident, sizeof(ident)), "%s: e_ident", name);
	check(get(a, p, 16, 2) == 2, "%s: not ET_EXEC", name);
	check(get(a, p, 18, 2) == a->match[match].machine, "%s: e_machine", name);
	check(get(a, p, 20, 4) == 1, "%s: e_version", name);
	check(get(a, p, 24, word) == BASE + ehsize + phsize, "%s: e_entry", name);
	check(get(a, p, 24 + word, word) == ehsize, "%s: e_phoff", name);
	check(get(a, p, 24 + 2 * word, word) == 0, "%s: e_shoff", name);
	check(get(a, p, 24 + 3 * word, 4) == a->probe_flags, "%s: e_flags", name);
	check(get(a, p, 28 + 3 * word, 2) == ehsize, "%s: e_ehsize", name);
	check(get(a, p, 30 + 3 * word, 2) == phsize, "%s: e_phentsize", name);
	check(get(a, p, 32 + 3 * word, 2) == 1, "%s: e_phnum", name);
	check(get(a, p, 34 + 3 * word, 6) == 0, "%s: sections", name);
}

static void check_segment(const struct arch *a, size_t match, const struct probe *p)
{
	const char *name = a->match[match].handler;
	bool is_wide = a->bits == 64;
	size_t word = a->bits / 8, at = is_wide ? 64 : 52;

	check(get(a, p, at, 4) == 1, "%s: not PT_LOAD", name);
	check(get(a, p, at + (is_wide ? 4 : 24), 4) == 5, "%s: p_flags", name);
	check(get(a, p, at + word, word) == 0, "%s: p_offset", name);
	check(get(a, p, at + 2 * word, word) == BASE, "%s: p_vaddr", name);
	check(get(a, p, at + 3 * word, word) == BASE, "%s: p_paddr", name);
	check(get(a, p, at + 4 * word, word) == p->size, "%s: p_filesz", name);
	check(get(a, p, at + 5 * word, word) == p->size, "%s: p_memsz", name);
	check(get(a, p, at + (is_wide ? 48 : 28), word) == 0x10000, "%s: p_align", name);
}

static void check_code_bytes(const struct arch *a, size_t match, const struct probe *p)
{
	uint8_t code[32];
	size_t n = code_of(a, code, sizeof(code)), headers = a->bits == 64 ? 120 : 84;

	check(p->size == headers + n && p->size <= PROBE_SIZE_MAX, "%s: %zu bytes", a->match[match].handler, p->size);
	check(!memcmp(p->data + headers, code, n), "%s: other code", a->match[match].handler);
}

static void headers_are_as_specified(void **state)
{
	(void)state;
	for_each_probe(check_header);
}

static void segments_are_as_specified(void **state)
{
	(void)state;
	for_each_probe(check_segment);
}

static void code_stands_behind_the_headers(void **state)
{
	(void)state;
	for_each_probe(check_code_bytes);
}

static void check_by_libelf(const struct arch *a, size_t match, const struct probe *p)
{
	const char *name = a->match[match].handler;
	auto_fd fd = memfd_create("probe", MFD_CLOEXEC);
	struct elf_info info = { 0 };
	auto_err e = { 0 };
	int r;

	assert_int_equal(fd_write(fd, p->data, p->size), 0);
	r = elf_read(fd, &info, &e);
	check_code(name, r, 0, &e);
	if (r)
		return;
	check(elf_arch(&info.head) == a, "%s: is of another row", name);
	check(!info.has_interpreter && !info.is_truncated && info.linkage == ELF_STATIC, "%s: not static and whole",
		name);
}

static void probes_are_programs_of_their_row(void **state)
{
	(void)state;
	for_each_probe(check_by_libelf);
}

static void check_nonce(const struct arch *a, size_t match, const struct probe *plain)
{
	static const uint8_t nonce[PROBE_NONCE_LEN] = { 0xff, 1, 2, 3, 4, 0xfe };
	struct probe marked = probe_build(a, match, nonce);

	check(marked.size == plain->size, "%s: another size", a->match[match].handler);
	check(!memcmp(marked.data + PROBE_NONCE_AT, nonce, sizeof(nonce)), "%s: not there", a->match[match].handler);
	memset(marked.data + PROBE_NONCE_AT, 0, sizeof(nonce));
	check(!memcmp(marked.data, plain->data, plain->size), "%s: more is changed", a->match[match].handler);
}

static void a_nonce_changes_only_the_padding(void **state)
{
	(void)state;
	assert_true(PROBE_NONCE_AT >= 9 && PROBE_NONCE_AT + PROBE_NONCE_LEN <= 16);
	for_each_probe(check_nonce);
}

static int run_host_probe(size_t argc)
{
	struct probe p = probe_build(arch_host(), 0, NULL);
	char *argv[64] = { 0 };
	/* Not closed on exec: where this program is emulated so is the probe, and its emulator has to open it. */
	int status, fd = memfd_create("probe", 0);
	pid_t pid;

	assert_true(argc < ARRAY_SIZE(argv) && !fd_write(fd, p.data, p.size));
	for (size_t i = 0; i < argc; i++)
		argv[i] = (char[]){ "x" };
	fflush(NULL);
	pid = fork();
	if (!pid) {
		fexecve(fd, argv, (char *[]){ NULL });
		_exit(255);
	}
	close(fd);
	assert_true(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_hosts_own_counts_its_arguments(void **state)
{
	static const size_t counts[] = { 1, 2, 7, PROBE_ARGC, PROBE_ARGC + 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		int got = run_host_probe(counts[i]);

		check(got == (int)counts[i], "%s with %zu arguments: %d", arch_host()->qemu, counts[i], got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(headers_are_as_specified),
		unit(segments_are_as_specified),
		unit(code_stands_behind_the_headers),
		unit(probes_are_programs_of_their_row),
		unit(a_nonce_changes_only_the_padding),
		unit(the_hosts_own_counts_its_arguments),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
