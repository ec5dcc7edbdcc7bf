// SPDX-License-Identifier: MIT
/* Tar archives made field by field, and as open files. */
#include "archive.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fdio.h"
#include "check.h"

enum { BLOCK = 512, CHECKSUM = 148 };

static void put_octal(char *field, size_t width, uint64_t value, const char *raw)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*llo", (int)width - 1, (unsigned long long)value);
	memcpy(field, raw ? raw : text, width);
}

static void put_text(char *field, size_t width, const char *text)
{
	if (text)
		memcpy(field, text, strnlen(text, width));
}

void archive_header(struct buf *tar, const struct header *header)
{
	char block[BLOCK] = "", text[16];
	unsigned sum = 0;

	put_text(block, 100, header->name);
	put_octal(block + 100, 8, header->mode, NULL);
	put_octal(block + 108, 8, header->uid, header->raw_uid);
	put_octal(block + 116, 8, header->gid, NULL);
	put_octal(block + 124, 12, header->size, header->raw_size);
	put_octal(block + 136, 12, header->mtime, header->raw_mtime);
	block[156] = header->type ? header->type : '0';
	put_text(block + 157, 100, header->link);
	if (!header->magic || *header->magic)
		memcpy(block + 257,
			header->magic ? header->magic
				      : "ustar\0"
					"00",
			8);
	put_text(block + 345, 155, header->prefix);
	memset(block + CHECKSUM, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (uint8_t)block[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(block + CHECKSUM, text, 7);
	if (header->raw_checksum)
		memcpy(block + CHECKSUM, header->raw_checksum, 8);
	buf_add(tar, block, BLOCK);
}

void archive_content(struct buf *tar, const void *data, size_t len)
{
	static const char zero[BLOCK];

	buf_add(tar, data, len);
	buf_add(tar, zero, (BLOCK - len % BLOCK) % BLOCK);
}

void archive_bytes(struct buf *tar, const char *name, const void *data, size_t len)
{
	archive_header(tar, &(struct header){ .name = name, .size = len, .mode = 0755 });
	archive_content(tar, data, len);
}

void archive_file(struct buf *tar, const char *name, const char *text)
{
	archive_bytes(tar, name, text, strlen(text));
}

void archive_link(struct buf *tar, const char *name, const char *target, char type)
{
	archive_header(tar, &(struct header){ .name = name, .link = target, .type = type, .mode = 0777 });
}

void archive_directory(struct buf *tar, const char *name)
{
	archive_header(tar, &(struct header){ .name = name, .type = '5', .mode = 0755 });
}

void archive_extension(struct buf *tar, char type, const void *data, size_t len)
{
	archive_header(tar, &(struct header){ .name = "extension", .type = type, .size = len });
	archive_content(tar, data, len);
}

void archive_end(struct buf *tar)
{
	static const char zero[2 * BLOCK];

	buf_add(tar, zero, sizeof(zero));
}

int archive_open(const void *data, size_t len)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, data, len), 0);
	return fd;
}
