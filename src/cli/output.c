// SPDX-License-Identifier: MIT
/* Errors, hints, warnings and notes on the terminal, and the exit status of each error. */
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/cli.h"

void say(FILE *out, const char *prefix, const char *fmt, ...)
{
	auto_free char *text = NULL;
	auto_buf safe = { 0 };
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprint(fmt, ap);
	va_end(ap);
	str_escape(&safe, text, strlen(text));
	progress_clear();
	fprintf(out, "%s%s\n", prefix, buf_text(&safe));
}

static bool reasons_last;

void say_reasons_last(void)
{
	reasons_last = true;
}

void say_error(const struct err *e)
{
	if (e->hint && reasons_last)
		say(stderr, "hint: ", "%s", e->hint);
	say(stderr, "anyarch: ", "%s", e->message ? e->message : "unknown error");
	if (e->hint && !reasons_last)
		say(stderr, "hint: ", "%s", e->hint);
}

void say_failure(const struct err *e, struct failures *failures)
{
	int status;

	fflush(stdout);
	status = exit_with(e);
	failures->status = status > failures->status ? status : failures->status;
	failures->n++;
}

void say_summary(size_t n, const struct failures *failures)
{
	say_note("%zu targets: %zu succeeded, %zu failed", n, n - failures->n, failures->n);
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

	/* After a signal, report the signal and not the operation that it interrupted. */
	say_error(e->code == -EINTR && stop_check(&stopped) ? &stopped : e);
	return exit_for(e->code);
}

static pid_t main_process;
static atomic_bool is_ending;
static _Thread_local bool ends_it;

/* Runs in any thread. A forked child only exits: its parent reports the failure and removes shared temporary files. */
static void end_without_memory(void)
{
	static const char text[] = "anyarch: out of memory\n";

	if (ends_it)
		_exit(EXIT_TROUBLE);
	while (atomic_exchange(&is_ending, true))
		pause();
	ends_it = true;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0 || getpid() != main_process)
		_exit(EXIT_TROUBLE);
	exit(EXIT_TROUBLE);
}

void prepare_for_end(void)
{
	main_process = getpid();
	mem_on_exhausted(end_without_memory);
}

int print_json(struct json *document)
{
	int r = jv_write(document, stdout);

	jv_free(document);
	return r ? EXIT_TROUBLE : EXIT_DONE;
}

int finish_output(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "anyarch: cannot write the output: %s\n", strerror(errno));
		return EXIT_TROUBLE;
	}
	return status;
}
