/* SPDX-License-Identifier: MIT */
/* Runs commands for the user: each is shown first, and waited for. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { CHILD_WORDS_MAX = 128, CHILD_VARIABLES_MAX = 3 };

struct child {
	char *words[CHILD_WORDS_MAX + 1]; /* owned; ends with NULL */
	size_t n;
	char *variables[CHILD_VARIABLES_MAX + 1]; /* NAME=value, added to the environment; owned; ends with NULL */
	bool is_quiet;	    /* output not shown; an error quotes the first line of standard error */
	bool is_cleanup;    /* runs even after a signal, and does not get that signal */
	struct buf *answer; /* receives standard output, up to 64 KiB; NULL: that goes to standard error */
	/* Receives every line of output, without its newline; NULL: output is inherited. Not with answer. */
	void (*line)(const char *text, size_t len, void *context);
	void *context;
};

#define auto_child auto_with(child_done) struct child

/* Adds a word and takes ownership of it. With more than CHILD_WORDS_MAX words, child_run() refuses. */
void child_add(struct child *c, char *word);
void child_done(struct child *c);
/* Appends the command, quoted for a shell, on one line. */
void child_text(const struct child *c, struct buf *out);
/*
 * Runs the command with the caller's environment; stdin is empty, both outputs go to stderr. Caught signals are passed
 * on, and 0.4 seconds later the command is killed; a cleanup is abandoned 0.7 seconds after the first signal. 0;
 * -ENOENT: no such program; -EINTR; -EIO: it failed, with the reason in e. Thread-safe.
 */
int child_run(const struct child *c, struct err *e);
