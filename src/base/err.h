/* SPDX-License-Identifier: MIT */
/* An error with its story: a code for programs, a sentence and a hint for people. */
#pragma once

#include "base/defs.h"

/*
 * code is a negative errno and means one thing everywhere: EBADMSG corrupt or refused input, E2BIG
 * over a limit, ENOEXEC not ELF, EOPNOTSUPP this environment cannot, EEXIST conflict, EBUSY somebody
 * else holds the lock, EINTR ended by a signal, EPERM/EACCES the kernel said so, EINVAL wrong usage.
 * A zeroed struct err is empty. Owned by whoever declared it: err_done() frees.
 */
struct err {
	int code;
	char *message;
	char *hint;
};

#define auto_err auto_with(err_done) struct err

/* Sets code (negative errno) and message where the error is found; returns code. e may be NULL. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* As err_set() with ": strerror" appended for code. */
int err_sys(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Each of these returns the code, also where e is NULL. */
/* Puts "text: " before the message on its way up; returns the code. */
int err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Says what to type next; returns the code. */
int err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Moves src into dst (dst's old content is freed, src becomes empty); returns the code. */
int err_move(struct err *dst, struct err *src);
/* Frees and empties; safe on an empty one. */
void err_done(struct err *e);
