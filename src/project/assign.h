/* SPDX-License-Identifier: MIT */
/* Parses KEY=value lines like a shell, without a shell: refuses everything that a shell would execute. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "project/scan.h"

/*
 * Reads the next assignment. ret_key is borrowed from the text; ret_value is emptied, then receives the unquoted value.
 * Skips blank lines and comments. 1; 0 at the end; -EBADMSG with e naming the line: NUL, CR or another control
 * character, missing KEY=, blanks around '=', an unclosed quote, or anything that a shell would expand or execute.
 * s->number is the assignment's line.
 */
int assign_next(struct scan *s, const char **ret_key, size_t *ret_key_len, struct buf *ret_value, struct err *e);
