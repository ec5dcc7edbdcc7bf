/* SPDX-License-Identifier: MIT */
/* How many ELF files of which architecture there are, with examples: what a tree or image is made of. */
#pragma once

#include "arch/elf.h"

enum { TALLY_KINDS_MAX = 32, TALLY_EXAMPLES = 3 };

/* Files of one class, byte order, machine and (MIPS) ABI. */
struct tally_kind {
	struct elf_head head;	 /* of the first one */
	const struct arch *arch; /* NULL when QEMU has no such target */
	unsigned long count;
	char *examples[TALLY_EXAMPLES];
};

/* A zeroed one is empty. */
struct tally {
	struct tally_kind kinds[TALLY_KINDS_MAX];
	size_t n;
	unsigned long others; /* of kinds beyond TALLY_KINDS_MAX */
};

/* Counts a file; the path is copied while there are few examples. */
void tally_add(struct tally *tally, const struct elf_head *head, const char *path);
/* The kind with most files, NULL when there is none. */
const struct tally_kind *tally_majority(const struct tally *tally);
void tally_done(struct tally *tally);
/* "arm", or "32-bit little-endian machine 93" where there is no word. */
void tally_name(struct buf *out, const struct tally_kind *kind);
