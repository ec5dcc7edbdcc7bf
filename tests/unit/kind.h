/* SPDX-License-Identifier: MIT */
/* The four kinds of ELF file (class, byte order), and reading one as it should be read. */
#pragma once

#include "arch/elf.h"
#include "image.h"

enum { KINDS = 4 };

/* Each with a machine that has it. */
struct kind {
	const char *name;
	unsigned bits;
	bool is_big;
	uint16_t machine;
};

extern const struct kind kinds[KINDS];

/* An executable of that kind: header, program header and 16 bytes, all in one segment. */
struct image *kind_image(const struct kind *kind);
/*
 * Reads it, with and without an error to fill, and checks that elf_read() returns what it should.
 * ret, which may be NULL, is filled in when it was read.
 */
int read_fd(const char *what, int fd, int expected, struct elf_info *ret);
int read_image(const char *what, const struct image *image, int expected, struct elf_info *ret);
