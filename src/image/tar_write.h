/* SPDX-License-Identifier: MIT */
/* Headers of a tar, the same bytes for the same member whoever writes it. */
#pragma once

#include "base/buf.h"
#include "image/tar_read.h"

/*
 * Adds the header of a member: ustar, without names of users; numbers and names that do not fit are told by a PAX header
 * before it. The type is a file or a directory. Content and padding are the caller's.
 */
void tar_write_header(struct buf *out, const struct tar_entry *entry);
/* The two blocks that end a tar. */
enum { TAR_END = 2 * TAR_BLOCK };
