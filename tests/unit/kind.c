// SPDX-License-Identifier: MIT
/* The four kinds of ELF file, and reading one of them as it should be read. */
#include "kind.h"

#include "check.h"

const struct kind kinds[KINDS] = {
	{ "64-bit LSB", 64, false, 183 },
	{ "64-bit MSB", 64, true, 22 },
	{ "32-bit LSB", 32, false, 40 },
	{ "32-bit MSB", 32, true, 20 },
};

struct image *kind_image(const struct kind *kind)
{
	struct image *image = image_new(kind->bits, kind->is_big, kind->machine);
	size_t size = image_header_size(image) + image_segment_size(image) + 16;

	image_segment(image, SEGMENT_LOAD, 0, size);
	image->size = size;
	return image;
}

int read_fd(const char *what, int fd, int expected, struct elf_info *ret)
{
	auto_err e = { 0 };
	struct elf_info info;
	int r = elf_read(fd, &info, &e);

	check_code(what, r, expected, &e);
	if (r)
		check_sentence(what, &e);
	else if (ret)
		*ret = info;
	check(elf_read(fd, &info, NULL) == r, "%s: another result without an error to fill", what);
	return r;
}

int read_image(const char *what, const struct image *image, int expected, struct elf_info *ret)
{
	auto_fd fd = image_open(image, image->size);

	return read_fd(what, fd, expected, ret);
}
