// SPDX-License-Identifier: MIT
/* What goes to the terminal besides answers: errors, hints, warnings; and what an error exits with. */
#include <stdarg.h>
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/cli.h"

static void say(const char *prefix, const char *text)
{
	auto_buf safe = { 0 };

	str_escape(&safe, text, strlen(text));
	fprintf(stderr, "%s%s\n", prefix, buf_ok(&safe) ? buf_text(&safe) : "out of memory");
}

__attribute__((format(printf, 2, 0))) static void say_list(const char *prefix, const char *fmt, va_list ap)
{
	auto_free char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	say(prefix, text ? text : fmt);
}

void say_error(const struct err *e)
{
	say("anyarch: ", e->message ? e->message : "out of memory");
	if (e->hint)
		say("hint: ", e->hint);
}

void say_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_list("anyarch: warning: ", fmt, ap);
	va_end(ap);
}

void say_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_list("anyarch: ", fmt, ap);
	va_end(ap);
}

int exit_for(int code)
{
	static const struct {
		int code, status;
	} map[] = {
		{ 0, EXIT_DONE },
		{ -EINVAL, EXIT_USAGE },
		{ -EBADMSG, EXIT_REFUSED },
		{ -E2BIG, EXIT_REFUSED },
		{ -ENODATA, EXIT_REFUSED },
		{ -EXDEV, EXIT_REFUSED },
		{ -ELOOP, EXIT_REFUSED },
		{ -EAGAIN, EXIT_REFUSED },
		{ -ENOEXEC, EXIT_REFUSED },
		{ -EEXIST, EXIT_REFUSED },
		{ -ENOENT, EXIT_REFUSED },
		{ -ENOTDIR, EXIT_REFUSED },
		{ -ENAMETOOLONG, EXIT_REFUSED },
		{ -EOPNOTSUPP, EXIT_CANNOT },
		{ -ENOTTY, EXIT_CANNOT },
		{ -EPERM, EXIT_CANNOT },
		{ -EACCES, EXIT_CANNOT },
		{ -EROFS, EXIT_CANNOT },
		{ -EBUSY, EXIT_LOCKED },
	};

	if (code == -EINTR && stop_signal())
		return EXIT_SIGNAL + stop_signal();
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (map[i].code == code)
			return map[i].status;
	return EXIT_TROUBLE;
}

int exit_with(const struct err *e)
{
	auto_err stopped = { 0 };

	/* What it ended is not what is wrong. */
	say_error(e->code == -EINTR && stop_check(&stopped) ? &stopped : e);
	return exit_for(e->code);
}

int finish_output(int status)
{
	if (mem_has_failed()) {
		fprintf(stderr, "anyarch: out of memory: what was printed may be incomplete\n");
		return EXIT_TROUBLE;
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "anyarch: cannot write the output: %s\n", strerror(errno));
		return EXIT_TROUBLE;
	}
	return status;
}
