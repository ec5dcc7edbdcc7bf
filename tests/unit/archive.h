/* SPDX-License-Identifier: MIT */
/* Tar archives made field by field, so that each field can be made wrong, and as open files. */
#pragma once

#include "base/buf.h"
#include "base/stream.h"

/* A header; what is left out is as for an empty regular file. Fields with raw bytes win over their
 * values. */
struct header {
	const char *name, *prefix, *link;
	char type;
	unsigned mode;
	uint64_t uid, gid, size, mtime;
	const char *raw_size, *raw_uid, *raw_mtime, *raw_checksum; /* as many bytes as the field has */
	const char *magic;					   /* 8 bytes; "" for a header from before ustar */
};

/* Appends the header alone. */
void archive_header(struct buf *tar, const struct header *header);
/* Appends content, and zeros up to the next block. */
void archive_content(struct buf *tar, const void *data, size_t len);
/* Appends a regular file with this text; a link; a directory. */
void archive_file(struct buf *tar, const char *name, const char *text);
void archive_bytes(struct buf *tar, const char *name, const void *data, size_t len);
void archive_link(struct buf *tar, const char *name, const char *target, char type);
void archive_directory(struct buf *tar, const char *name);
/* An extension header with this content: 'x' and 'g' PAX records, 'L' and 'K' GNU names. */
void archive_extension(struct buf *tar, char type, const void *data, size_t len);
/* The two zero blocks. */
void archive_end(struct buf *tar);
/* An open regular file without a name that holds these bytes. */
int archive_open(const void *data, size_t len);
