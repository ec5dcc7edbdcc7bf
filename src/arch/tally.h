/* SPDX-License-Identifier: MIT */
/* Counts the ELF files of a tree or image by architecture, with examples. */
#pragma once

#include "arch/elf.h"

enum { TALLY_KINDS_MAX = 32, TALLY_EXAMPLES = 3 };

/* Files of one class, byte order, machine and (MIPS) ABI. */
struct tally_kind {
	struct elf_head head;	 /* of the first one */
	const struct arch *arch; /* NULL if QEMU has no such target */
	unsigned long count;
	char *examples[TALLY_EXAMPLES];
};

/* A zeroed tally is empty. */
struct tally {
	struct tally_kind kinds[TALLY_KINDS_MAX];
	size_t n;
	unsigned long others; /* of kinds beyond TALLY_KINDS_MAX */
};

/* Counts a file; copies the path if there are fewer than TALLY_EXAMPLES. */
void tally_add(struct tally *tally, const struct elf_head *head, const char *path);
/* The kind with the most files; NULL if there is none. */
const struct tally_kind *tally_majority(const struct tally *tally);
void tally_done(struct tally *tally);
/* Appends "arm", or "32-bit little-endian machine 93" if there is no name. */
void tally_name(struct buf *out, const struct tally_kind *kind);
