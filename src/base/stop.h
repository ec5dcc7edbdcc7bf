/* SPDX-License-Identifier: MIT */
/* Ending by a signal: noted when it comes, obeyed where the work can be undone. */
#pragma once

#include "base/err.h"

/*
 * Catches SIGINT, SIGTERM and SIGHUP (those not ignored already), also as PID 1 of a container,
 * where an uncaught one would be dropped. System calls are not restarted, so waits end early.
 */
void stop_catch(void);
/* The signal that came, 0 when none did. */
int stop_signal(void);
/* How many have come. */
unsigned stop_count(void);
/* -EINTR with e set when a signal came, else 0. */
int stop_check(struct err *e);
/* Waits so long. -EINTR with e set as soon as a signal came, else 0. */
int stop_wait(unsigned seconds, struct err *e);
/* Pretends that this signal came: for a worker's parent. */
void stop_note(int signal);
