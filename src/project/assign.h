/* SPDX-License-Identifier: MIT */
/* Lines KEY=value as a shell reads them, without a shell: whatever a shell would execute is refused. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "project/scan.h"

/*
 * The next assignment. Its key is borrowed from the text; its value, unquoted, goes into ret_value, which is emptied
 * before. Blank lines and comments are passed over. 1, 0 at the end, -EBADMSG with e naming the line: bytes that no
 * such file has (NUL, CR, control characters), no KEY=, blanks around '=', an open quote, and what a shell would
 * expand or execute. s->number is that line's.
 */
int assign_next(struct scan *s, const char **ret_key, size_t *ret_key_len, struct buf *ret_value, struct err *e);
