/* SPDX-License-Identifier: MIT */
/* Commands that are run for the user: each is shown before, and waited for. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { CHILD_WORDS_MAX = 128, CHILD_VARIABLES_MAX = 2 };

/* Everything is borrowed. */
struct child {
	const char *words[CHILD_WORDS_MAX + 1]; /* ends with NULL */
	size_t n;
	const char *variables[CHILD_VARIABLES_MAX + 1]; /* NAME=value, for it alone; ends with NULL */
	bool is_quiet;					/* what it prints is not for the user */
	bool is_cleanup;    /* run also after a signal that came to us, and not told of it */
	struct buf *answer; /* gets what it prints on standard output, up to 64 KiB; NULL: that goes where errors go */
	/* Gets every line that it prints, without its end, for the user; NULL: it prints by itself. Not with answer. */
	void (*line)(const char *text, size_t len, void *context);
	void *context;
};

/* Adds words up to a NULL; beyond CHILD_WORDS_MAX it is a defect of ours, and refused by child_run(). */
void child_add(struct child *c, ...) __attribute__((sentinel));
/* As a shell would have to be told it, on one line. */
void child_text(const struct child *c, struct buf *out);
/* Whether PATH (or the path, where it has a '/') leads to such a program. */
bool child_is_there(const char *program);
/*
 * Runs it with the caller's environment and standard error, for both of its outputs; its input is empty. Signals that
 * are caught meanwhile are passed on, and after five seconds it is killed. 0; -ENOENT when there is no such program;
 * -EINTR; -EIO when it failed, e telling how. May run in several threads at once.
 */
int child_run(const struct child *c, struct err *e);
