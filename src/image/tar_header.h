/* SPDX-License-Identifier: MIT */
/* Layout of a ustar header (POSIX.1-1988), for reader and writer, and numbers as container engines parse them. */
#pragma once

#include "base/defs.h"

/* Offsets and lengths of the fields that are used. */
enum {
	TAR_BLOCK = 512,
	TAR_NAME = 0,
	TAR_NAME_LEN = 100,
	TAR_MODE = 100,
	TAR_UID = 108,
	TAR_GID = 116,
	TAR_ID_LEN = 8,
	TAR_SIZE = 124,
	TAR_SIZE_LEN = 12,
	TAR_MTIME = 136,
	TAR_CHECKSUM = 148,
	TAR_CHECKSUM_LEN = 8,
	TAR_TYPE = 156,
	TAR_LINK = 157,
	TAR_LINK_LEN = 100,
	TAR_MAGIC = 257,
	TAR_MAJOR = 329,
	TAR_MINOR = 337,
	TAR_PREFIX = 345,
	TAR_PREFIX_LEN = 155,
};

/* Number of zero bytes after content of this size. */
static inline uint64_t tar_padding(uint64_t size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

/* A header field: octal digits, surrounded by NULs or blanks, empty: 0; or base-256 (GNU), which may be negative. */
bool tar_octal(const uint8_t *field, size_t len, int64_t *ret);
/* A PAX record's decimal value, optionally with a sign or leading zeros. */
bool tar_decimal(const char *text, int64_t *ret);
/* A PAX record's time. The fraction is dropped, and a time before 1970 becomes 0, as in a header without PAX. */
bool tar_time(const char *text, int64_t *ret);
