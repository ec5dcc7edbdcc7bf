// SPDX-License-Identifier: MIT
/* A minimal program per target, which shows whether an emulator runs it. */
#include "arch/probe.h"

#include <string.h>

#include "base/str.h"

enum { BASE = 0x400000, ALIGN = 0x10000 };

/* Appends an integer of this many bytes in the target's byte order. */
static void put(struct probe *p, const struct arch *arch, unsigned bytes, uint64_t value)
{
	for (unsigned i = 0; i < bytes; i++) {
		unsigned shift = 8 * (arch->is_big ? bytes - 1 - i : i);

		p->data[p->size++] = (uint8_t)(value >> shift);
	}
}

struct probe probe_build(const struct arch *arch, size_t index, const uint8_t *nonce)
{
	struct probe p = { .size = 16 };
	uint8_t code[32];
	int n = str_from_hex(arch->probe_code, code, sizeof(code));
	unsigned word = arch->bits / 8, ehsize = word == 8 ? 64 : 52, phsize = word == 8 ? 56 : 32;
	uint64_t size = ehsize + phsize + (unsigned)n;
	const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', word == 8 ? 2 : 1, arch->is_big ? 2 : 1, 1 };

	memcpy(p.data, ident, sizeof(ident));
	if (nonce)
		memcpy(p.data + PROBE_NONCE_AT, nonce, PROBE_NONCE_LEN);
	/* gABI chapter 4: Elf32_Ehdr, Elf64_Ehdr. */
	put(&p, arch, 2, 2); /* ET_EXEC */
	put(&p, arch, 2, arch->match[index].machine);
	put(&p, arch, 4, 1);
	put(&p, arch, word, BASE + ehsize + phsize);
	put(&p, arch, word, ehsize);
	put(&p, arch, word, 0);
	put(&p, arch, 4, arch->probe_flags);
	put(&p, arch, 2, ehsize);
	put(&p, arch, 2, phsize);
	put(&p, arch, 2, 1);
	put(&p, arch, 6, 0); /* no sections */
	/* gABI chapter 5: Elf32_Phdr has p_flags near the end, Elf64_Phdr after p_type. */
	put(&p, arch, 4, 1); /* PT_LOAD */
	if (word == 8)
		put(&p, arch, 4, 5);
	put(&p, arch, word, 0);
	put(&p, arch, word, BASE);
	put(&p, arch, word, BASE);
	put(&p, arch, word, size);
	put(&p, arch, word, size);
	if (word == 4)
		put(&p, arch, 4, 5);
	put(&p, arch, word, ALIGN);
	memcpy(p.data + p.size, code, (size_t)n);
	p.size += (size_t)n;
	return p;
}
