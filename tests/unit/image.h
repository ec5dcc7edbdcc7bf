/* SPDX-License-Identifier: MIT */
/* ELF files made field by field, so that each field can be made wrong. */
#pragma once

#include <sys/types.h>

#include "arch/arch.h"

enum { IMAGE_MAX = 96 * 1024 };

struct image {
	unsigned bits;
	bool is_big;
	size_t size;
	uint8_t data[IMAGE_MAX];
};

/* The fields of the header that a defect can sit in. */
enum image_field {
	FIELD_CLASS = 0,
	FIELD_DATA,
	FIELD_VERSION,
	FIELD_TYPE,
	FIELD_MACHINE,
	FIELD_ENTRY,
	FIELD_PHOFF,
	FIELD_SHOFF,
	FIELD_FLAGS,
	FIELD_EHSIZE,
	FIELD_PHENTSIZE,
	FIELD_PHNUM,
	FIELD_SHENTSIZE,
	FIELD_SHNUM,
	FIELD_SHSTRNDX,
};

enum { SEGMENT_LOAD = 1, SEGMENT_DYNAMIC = 2, SEGMENT_INTERP = 3 };

/* An executable with a header and no segment yet. */
struct image *image_new(unsigned bits, bool is_big, uint16_t machine);
/* One for this architecture that is whole: one segment that covers all of it. */
struct image *image_for(const struct arch *arch);
void image_set(struct image *image, enum image_field field, uint64_t value);
/* Writes an integer in the image's byte order. */
void image_put(struct image *image, size_t at, unsigned bytes, uint64_t value);
/* Adds a program header behind those that are there; e_phnum counts it. */
void image_segment(struct image *image, uint32_t type, uint64_t offset, uint64_t file_size);
/* p_flags of the n-th program header. */
void image_set_segment_flags(struct image *image, size_t n, uint32_t flags);
/* Adds PT_INTERP with this name, which is written behind the program headers. */
void image_interpreter(struct image *image, const char *name, size_t len);
size_t image_header_size(const struct image *image);
size_t image_segment_size(const struct image *image);
/* The image, or only its first bytes, as an open regular file without a name. */
int image_open(const struct image *image, size_t size);
