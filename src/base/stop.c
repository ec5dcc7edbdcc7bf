// SPDX-License-Identifier: MIT
/* Ending by a signal: noted when it comes, obeyed where the work can be undone. */
#include "base/stop.h"

#include <signal.h>

static volatile sig_atomic_t noted;

static void note(int signal)
{
	noted = signal;
}

void stop_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old, action = { .sa_handler = note };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

int stop_signal(void)
{
	return noted;
}

int stop_check(struct err *e)
{
	return noted ? err_set(e, -EINTR, "ended by signal %d", (int)noted) : 0;
}

void stop_note(int signal)
{
	noted = signal;
}
