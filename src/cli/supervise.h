/* SPDX-License-Identifier: MIT */
/* A command among processes of its own: what it started ends with it, signals and status pass through. */
#pragma once

/*
 * Calls start(context), which becomes the command and returns only when it cannot: -errno, which is then returned. It
 * does so in a child of vfork(2), in a new PID namespace with a /proc of its own. Returns the command's exit status; ends
 * by the same signal when that was killed by one. Signals that this process gets are passed on. Whatever the command
 * left running is killed before this returns, and also when this process itself is killed.
 *
 * Needs user and mount namespaces in which this process is root, and a table of handlers in them. Where no second /proc
 * may be mounted (in containers that hide parts of theirs), start(context) is called in this process instead.
 */
int supervise(int (*start)(void *context), void *context);
