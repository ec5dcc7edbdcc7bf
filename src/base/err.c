// SPDX-License-Identifier: MIT
/* An error: set where it is detected, prefixed by callers. */
#include "base/err.h"

#include <stdarg.h>
#include <string.h>

#include "base/memory.h"

/* The code that a NULL error would have held: callers that want no message still need it. */
static _Thread_local int last_code = -EIO;

static void set_message(struct err *e, int code, char *message)
{
	err_done(e);
	e->code = code;
	e->message = message;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	last_code = code;
	if (!e)
		return code;
	va_start(ap, fmt);
	set_message(e, code, mem_vprint(fmt, ap));
	va_end(ap);
	return code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	auto_free char *what = NULL;
	va_list ap;

	last_code = code;
	if (!e)
		return code;
	va_start(ap, fmt);
	what = mem_vprint(fmt, ap);
	va_end(ap);
	set_message(e, code, mem_print("%s: %s", what, strerror(-code)));
	return code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	auto_free char *prefix = NULL, *message = NULL;
	va_list ap;

	if (!e)
		return last_code;
	va_start(ap, fmt);
	prefix = mem_vprint(fmt, ap);
	va_end(ap);
	message = e->message;
	e->message = mem_print("%s: %s", prefix, message ? message : "?");
	return e->code;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return last_code;
	free(e->hint);
	va_start(ap, fmt);
	e->hint = mem_vprint(fmt, ap);
	va_end(ap);
	return e->code;
}

int err_move(struct err *dst, struct err *src)
{
	int code = src->code;

	if (!dst) {
		err_done(src);
		return code;
	}
	err_done(dst);
	*dst = *src;
	*src = (struct err){ 0 };
	return code;
}

void err_done(struct err *e)
{
	int saved = errno;

	if (!e)
		return;
	free(e->message);
	free(e->hint);
	*e = (struct err){ 0 };
	errno = saved;
}
