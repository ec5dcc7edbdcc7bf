/* SPDX-License-Identifier: MIT */
/* Commands that are run for the user: each is shown before, and waited for. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { CHILD_WORDS_MAX = 128, CHILD_VARIABLES_MAX = 3 };

struct child {
	char *words[CHILD_WORDS_MAX + 1]; /* owned; ends with NULL */
	size_t n;
	char *variables[CHILD_VARIABLES_MAX + 1]; /* NAME=value, for this command alone; owned; ends with NULL */
	bool is_quiet;	    /* what it prints is not shown; an error has the first line of its standard error */
	bool is_cleanup;    /* runs also after a signal, and does not get that signal */
	struct buf *answer; /* gets its standard output, up to 64 KiB; NULL: that goes to standard error */
	/* Gets every line that it prints, without its end; NULL: the command prints by itself. Not with answer. */
	void (*line)(const char *text, size_t len, void *context);
	void *context;
};

#define auto_child auto_with(child_done) struct child

/* Adds a word, which is owned from then on; with more than CHILD_WORDS_MAX of them child_run() refuses. */
void child_add(struct child *c, char *word);
void child_done(struct child *c);
/* The command as a shell would read it, on one line. */
void child_text(const struct child *c, struct buf *out);
/* Whether PATH (or the path, where it has a '/') leads to such a program. */
bool child_is_there(const char *program);
/*
 * Runs it with the caller's environment and standard error, for both of its outputs; its input is empty. A signal that
 * is caught meanwhile is passed on, and after 0.4 seconds the command is killed; a cleanup is left to itself 0.7
 * seconds after the first signal. 0; -ENOENT when there is no such program; -EINTR; -EIO when it failed, with e saying
 * how. May run in several threads at once.
 */
int child_run(const struct child *c, struct err *e);
