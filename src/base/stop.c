// SPDX-License-Identifier: MIT
/* Termination by a signal: recorded in the handler, acted on where work can be undone. */
#include "base/stop.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
/* Lock-free, so usable in a signal handler (C17 7.14.1.1); read by all threads. */
static atomic_int noted;
static atomic_uint count;

static void note(int signal)
{
	noted = signal;
	count++;
}

void stop_catch(void)
{
	struct sigaction old, action = { .sa_handler = note };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

int stop_signal(void)
{
	return noted;
}

unsigned stop_count(void)
{
	return count;
}

int stop_check(struct err *e)
{
	int signal = noted;

	return signal ? err_set(e, -EINTR, "ended by signal %d", signal) : 0;
}

/* Signals are blocked except in ppoll(2), so that one received just before the wait also ends it. */
int stop_wait(unsigned seconds, struct err *e)
{
	struct timespec rest = { .tv_sec = seconds };
	sigset_t held, open;

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&held, signals[i]);
	sigprocmask(SIG_BLOCK, &held, &open);
	if (!noted)
		ppoll(NULL, 0, &rest, &open);
	sigprocmask(SIG_SETMASK, &open, NULL);
	return stop_check(e);
}

void stop_note(int signal)
{
	noted = signal;
}
