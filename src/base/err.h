/* SPDX-License-Identifier: MIT */
/* An error: a code for the program, a sentence and a hint for people. */
#pragma once

#include "base/defs.h"

/*
 * code is a negative errno with one meaning everywhere: EBADMSG corrupt or refused input, E2BIG over a limit, ENOEXEC
 * not ELF, EOPNOTSUPP not supported in this environment, EEXIST conflict, EBUSY another process holds the lock, EINTR
 * ended by a signal, EPERM/EACCES denied by the kernel, EINVAL wrong usage. A zeroed struct err is empty. Its owner
 * frees it with err_done().
 */
struct err {
	int code;
	char *message;
	char *hint;
};

#define auto_err auto_with(err_done) struct err

/* Sets code (negative errno) and message where the error is detected; returns code. e may be NULL. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Like err_set(), with ": strerror" of code appended. */
int err_sys(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* If e is NULL, the next three return the last code that was set in this thread. */
/* Prepends "text: " to the message; returns the code. */
int err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Sets the hint, a command or an imperative sentence; returns the code. */
int err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Moves src into dst (dst's old content is freed, src becomes empty); returns src's code. */
int err_move(struct err *dst, struct err *src);
/* Frees and empties; safe on an empty one. */
void err_done(struct err *e);
