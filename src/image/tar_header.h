/* SPDX-License-Identifier: MIT */
/* Where the fields of a ustar header are (POSIX.1-1988), for who reads and who writes one. */
#pragma once

#include <stdint.h>

/* Offsets and lengths; all that is not named here does not matter to us. */
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

/* How many zero bytes stand behind content of this size. */
static inline uint64_t tar_padding(uint64_t size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}
