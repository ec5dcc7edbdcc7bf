/* SPDX-License-Identifier: MIT */
/* Termination by a signal: recorded in the handler, acted on where work can be undone. */
#pragma once

#include "base/err.h"

/*
 * Catches SIGINT, SIGTERM and SIGHUP unless ignored; also needed as PID 1 of a container, where the kernel drops
 * uncaught signals. System calls are not restarted, so waits end early.
 */
void stop_catch(void);
/* The last signal, 0 if none. */
int stop_signal(void);
/* Number of signals received. */
unsigned stop_count(void);
/* -EINTR with e set if a signal was received, else 0. */
int stop_check(struct err *e);
/* Waits. -EINTR with e set as soon as a signal is received, else 0. */
int stop_wait(unsigned seconds, struct err *e);
/* Records a signal as if received: for the parent of a worker. */
void stop_note(int signal);
