// SPDX-License-Identifier: MIT
/* Checks that say what failed and go on with the next case; the verdict comes at the end. */
#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static unsigned failures;

int check_begin(void **state)
{
	(void)state;
	failures = 0;
	alarm(CHECK_SECONDS);
	return 0;
}

int check_end(void **state)
{
	(void)state;
	return failures ? -1 : 0;
}

void check_at(bool holds, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (holds)
		return;
	failures++;
	fprintf(stderr, "%s:%d: ", str_basename(file), line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void check_code(const char *what, int got, int expected, const struct err *e)
{
	check(got == expected, "%s: returned %d (%s), not %d", what, got, e && e->message ? e->message : "-", expected);
	if (e)
		check(e->code == (got < 0 ? got : 0), "%s: returned %d with code %d", what, got, e->code);
}

static bool is_one_safe_line(const char *text)
{
	auto_buf escaped = { 0 };

	str_escape(&escaped, text, strlen(text));
	return buf_ok(&escaped) && !strcmp(buf_text(&escaped), text);
}

void check_sentence(const char *what, const struct err *e)
{
	check(e->message && *e->message, "%s: no sentence", what);
	if (e->message)
		check(is_one_safe_line(e->message), "%s: raw bytes in the message '%s'", what,
			shown(e->message, strlen(e->message)));
	if (e->hint)
		check(is_one_safe_line(e->hint), "%s: raw bytes in the hint '%s'", what,
			shown(e->hint, strlen(e->hint)));
}

const char *shown(const char *text, size_t len)
{
	static struct buf ring[4];
	static size_t turn;
	struct buf *out = &ring[turn++ % ARRAY_SIZE(ring)];

	out->len = 0;
	str_escape(out, text, MIN_OF(len, 200));
	return len ? buf_text(out) : "";
}

unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
