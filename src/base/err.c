// SPDX-License-Identifier: MIT
/* An error with its story: set where it is found, prefixed on the way up. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* What a NULL error would have held: a code must not get lost with the sentence that nobody wants. */
static _Thread_local int last_code = -EIO;

static void remember(int code)
{
	last_code = code;
	if (code == -ENOMEM)
		mem_note();
}

__attribute__((format(printf, 1, 0))) static char *format(const char *fmt, va_list ap)
{
	char *text = NULL;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

static void set_message(struct err *e, int code, char *message)
{
	err_done(e);
	e->code = code;
	e->message = message;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	remember(code);
	if (!e)
		return code;
	va_start(ap, fmt);
	set_message(e, code, format(fmt, ap));
	va_end(ap);
	return code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	auto_free char *what = NULL;
	char *text = NULL;
	va_list ap;

	remember(code);
	if (!e)
		return code;
	va_start(ap, fmt);
	what = format(fmt, ap);
	va_end(ap);
	if (asprintf(&text, "%s: %s", what ? what : "?", strerror(-code)) < 0)
		text = NULL;
	set_message(e, code, text);
	return code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	auto_free char *prefix = NULL;
	char *text = NULL;
	va_list ap;

	if (!e)
		return last_code;
	va_start(ap, fmt);
	prefix = format(fmt, ap);
	va_end(ap);
	if (prefix && asprintf(&text, "%s: %s", prefix, e->message ? e->message : "?") >= 0) {
		free(e->message);
		e->message = text;
	}
	return e->code;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return last_code;
	free(e->hint);
	va_start(ap, fmt);
	e->hint = format(fmt, ap);
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

	free(e->message);
	free(e->hint);
	*e = (struct err){ 0 };
	errno = saved;
}
