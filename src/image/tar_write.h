/* SPDX-License-Identifier: MIT */
/* Headers of a tar, the same bytes for the same member whoever writes it. */
#pragma once

#include "base/buf.h"
#include "image/tar_read.h"

/*
 * Adds the header of a member: ustar, without names of users; numbers and names that do not fit are told by a PAX
 * header before it, and the entry's own records. The type is a file or a directory. Content and padding are the
 * caller's.
 */
void tar_write_header(struct buf *out, const struct tar_entry *entry);
/* The two blocks that end a tar. */
enum { TAR_END = 2 * TAR_BLOCK };

/*
 * To a file at its position: a regular member whose content is size bytes of another file from an offset, with header
 * and padding; one with this text; the end. 0 or -errno.
 */
int tar_write_range(int to, const struct tar_entry *entry, int from, uint64_t offset);
int tar_write_text(int to, const struct tar_entry *entry, const struct buf *text);
int tar_write_end(int to);
