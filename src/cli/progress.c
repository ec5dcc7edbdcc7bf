// SPDX-License-Identifier: MIT
/* A progress line on the terminal during long work: bytes, rate and time left. */
#include "base/progress.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cli.h"

/* Any terminal is wider than this, so that the line does not wrap. */
enum { WIDTH = 72 };

static struct timespec start;
static bool is_there;

/* Async-signal-safe: end() calls it. */
void progress_clear(void)
{
	static const char blank[] = "\r                                                                        \r";

	if (is_there && write(STDERR_FILENO, blank, sizeof(blank) - 1) < 0)
		return;
	is_there = false;
}

/* Clears the line, then lets the signal take its default action. */
static void end(int signal)
{
	progress_clear();
	raise(signal); /* SA_RESETHAND has restored the default action */
}

struct amount {
	double n;
	const char *unit;
};

static struct amount amount(double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t i = 0;

	for (; bytes >= 1000 && i + 1 < ARRAY_SIZE(units); i++)
		bytes /= 1024;
	return (struct amount){ bytes, units[i] };
}

static void show(const struct progress *p)
{
	struct timespec now;
	struct amount total, rate;
	auto_buf line = { 0 };

	if (!p) {
		progress_clear();
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 500 || !p->done)
		return;
	total = amount((double)(p->total ? p->total : p->done));
	rate = amount((double)p->done / p->seconds);
	buf_addf(&line, "anyarch: %s ", p->what);
	if (p->total) /* in the unit of the total */
		buf_addf(&line, "%.1f of ", total.n * (double)p->done / (double)p->total);
	buf_addf(&line, "%.1f %s, %.0f %s/s", total.n, total.unit, rate.n, rate.unit);
	if (p->total)
		buf_addf(&line, ", %.0f s left", p->seconds * (double)(p->total - p->done) / (double)p->done);
	if (!is_there) {
		static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
		struct sigaction old, action = { .sa_handler = end, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };

		for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
			if (!sigaction(signals[i], NULL, &old) && old.sa_handler == SIG_DFL)
				sigaction(signals[i], &action, NULL);
	}
	is_there = true;
	/* Padding overwrites the rest of a longer previous line. */
	fprintf(stderr, "\r%-*s", WIDTH, buf_text(&line));
	fflush(stderr);
}

void progress_start(void)
{
	const char *terminal = getenv("TERM");

	if (!isatty(STDERR_FILENO) || !terminal || !strcmp(terminal, "dumb"))
		return;
	clock_gettime(CLOCK_MONOTONIC, &start);
	progress_watch(show);
}
