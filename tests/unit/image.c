// SPDX-License-Identifier: MIT
/* ELF files made field by field (gABI chapters 4 and 5), so that each field can be made wrong. */
#include "image.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fdio.h"
#include "check.h"

/* Where each field is and how long, in 32-bit and in 64-bit files. */
static const struct {
	uint8_t at32, len32, at64, len64;
} places[] = {
	[FIELD_CLASS] = { 4, 1, 4, 1 },
	[FIELD_DATA] = { 5, 1, 5, 1 },
	[FIELD_VERSION] = { 6, 1, 6, 1 },
	[FIELD_TYPE] = { 16, 2, 16, 2 },
	[FIELD_MACHINE] = { 18, 2, 18, 2 },
	[FIELD_ENTRY] = { 24, 4, 24, 8 },
	[FIELD_PHOFF] = { 28, 4, 32, 8 },
	[FIELD_SHOFF] = { 32, 4, 40, 8 },
	[FIELD_FLAGS] = { 36, 4, 48, 4 },
	[FIELD_EHSIZE] = { 40, 2, 52, 2 },
	[FIELD_PHENTSIZE] = { 42, 2, 54, 2 },
	[FIELD_PHNUM] = { 44, 2, 56, 2 },
	[FIELD_SHENTSIZE] = { 46, 2, 58, 2 },
	[FIELD_SHNUM] = { 48, 2, 60, 2 },
	[FIELD_SHSTRNDX] = { 50, 2, 62, 2 },
};

enum { INTERPRETER_AT = 2048 }; /* behind every program header that a test makes */

size_t image_header_size(const struct image *image)
{
	return image->bits == 64 ? 64 : 52;
}

size_t image_segment_size(const struct image *image)
{
	return image->bits == 64 ? 56 : 32;
}

void image_put(struct image *image, size_t at, unsigned bytes, uint64_t value)
{
	assert_true(at + bytes <= IMAGE_MAX);
	for (unsigned i = 0; i < bytes; i++)
		image->data[at + i] = (uint8_t)(value >> 8 * (image->is_big ? bytes - 1 - i : i));
	if (image->size < at + bytes)
		image->size = at + bytes;
}

void image_set(struct image *image, enum image_field field, uint64_t value)
{
	if (image->bits == 64)
		image_put(image, places[field].at64, places[field].len64, value);
	else
		image_put(image, places[field].at32, places[field].len32, value);
}

static uint64_t get(const struct image *image, enum image_field field)
{
	bool is_wide = image->bits == 64;
	size_t at = is_wide ? places[field].at64 : places[field].at32;
	size_t len = is_wide ? places[field].len64 : places[field].len32;
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | image->data[at + (image->is_big ? i : len - 1 - i)];
	return value;
}

struct image *image_new(unsigned bits, bool is_big, uint16_t machine)
{
	struct image *image = calloc(1, sizeof(*image));

	assert_non_null(image);
	image->bits = bits;
	image->is_big = is_big;
	memcpy(image->data, "\177ELF", 4);
	image->size = image_header_size(image);
	image_set(image, FIELD_CLASS, bits == 64 ? 2 : 1);
	image_set(image, FIELD_DATA, is_big ? 2 : 1);
	image_set(image, FIELD_VERSION, 1);
	image_set(image, FIELD_TYPE, 2);
	image_set(image, FIELD_MACHINE, machine);
	image_put(image, 20, 4, 1);
	image_set(image, FIELD_EHSIZE, image_header_size(image));
	image_set(image, FIELD_PHOFF, image_header_size(image));
	image_set(image, FIELD_PHENTSIZE, image_segment_size(image));
	return image;
}

void image_segment(struct image *image, uint32_t type, uint64_t offset, uint64_t file_size)
{
	uint64_t n = get(image, FIELD_PHNUM);
	size_t at = image_header_size(image) + n * image_segment_size(image);
	unsigned word = image->bits / 8;

	image_put(image, at, 4, type);
	image_put(image, at + word, word, offset);
	image_put(image, at + 4 * word, word, file_size);
	image_put(image, at + 5 * word, word, file_size);
	image_put(image, at + image_segment_size(image) - word, word, 1);
	image_set(image, FIELD_PHNUM, n + 1);
}

void image_set_segment_flags(struct image *image, size_t n, uint32_t flags)
{
	size_t at = image_header_size(image) + n * image_segment_size(image);

	image_put(image, at + (image->bits == 64 ? 4 : 24), 4, flags);
}

void image_interpreter(struct image *image, const char *name, size_t len)
{
	image_segment(image, SEGMENT_INTERP, INTERPRETER_AT, len);
	assert_true(INTERPRETER_AT + len <= IMAGE_MAX);
	memcpy(image->data + INTERPRETER_AT, name, len);
	if (image->size < INTERPRETER_AT + len)
		image->size = INTERPRETER_AT + len;
}

struct image *image_for(const struct arch *arch)
{
	struct image *image = image_new(arch->bits, arch->is_big, arch->match[0].machine);
	size_t whole = image_header_size(image) + image_segment_size(image) + 16;

	image_set(image, FIELD_FLAGS, arch->probe_flags);
	image_segment(image, SEGMENT_LOAD, 0, whole);
	image->size = whole;
	return image;
}

int image_open(const struct image *image, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0 && size <= image->size);
	assert_int_equal(fd_write(fd, image->data, size), 0);
	return fd;
}
