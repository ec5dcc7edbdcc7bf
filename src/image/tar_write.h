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
 * Write to a file at its position: a member with header and padding, whose content is entry.size bytes of file from at
 * an offset, or a text; the end of the tar. 0 or -errno.
 */
int tar_write_range(int to, const struct tar_entry *entry, int from, uint64_t offset);
int tar_write_text(int to, const struct tar_entry *entry, const struct buf *text);
int tar_write_end(int to);
