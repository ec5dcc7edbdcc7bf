/* SPDX-License-Identifier: MIT */
/* Writes tar members reproducibly. */
#pragma once

#include "base/buf.h"
#include "image/tar_read.h"

/*
 * Appends the header of a file or directory: ustar, without user names. A PAX header before it has numbers and names
 * that do not fit, and the entry's records. The caller writes content and padding.
 */
void tar_write_header(struct buf *out, const struct tar_entry *entry);
/* Size of the two zero blocks that end a tar. */
enum { TAR_END = 2 * TAR_BLOCK };

/*
 * Write to a file at its position: the header of a regular file, whose content the caller writes; the padding after it;
 * the end of the tar. 0 or -errno.
 */
int tar_begin_member(int to, const char *name, uint64_t size);
int tar_end_member(int to, uint64_t size);
int tar_write_end(int to);
