/* SPDX-License-Identifier: MIT */
/* Commands that are run for the user: each is shown before, and waited for. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { CHILD_WORDS_MAX = 96 };

/* Words are borrowed. */
struct child {
	const char *words[CHILD_WORDS_MAX + 1]; /* ends with NULL */
	size_t n;
	bool is_quiet; /* what it prints is not for the user */
};

/* Adds words up to a NULL; beyond CHILD_WORDS_MAX it is a defect of ours, and refused by child_run(). */
void child_add(struct child *c, ...) __attribute__((sentinel));
/* As a shell would have to be told it, on one line. */
void child_text(const struct child *c, struct buf *out);
/*
 * Runs it with the caller's environment and standard error, for both of its outputs; its input is empty. A signal that is
 * caught meanwhile is passed on. 0; -ENOENT when there is no such program; -EINTR; -EIO when it failed, e telling how.
 */
int child_run(const struct child *c, struct err *e);
