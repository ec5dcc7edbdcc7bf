/* SPDX-License-Identifier: MIT */
/* Progress of long operations, reported to a watcher. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The current stage. */
struct progress {
	const char *what; /* "reading" */
	uint64_t done, total;
	double seconds; /* since the stage began */
};

/* Calls show about ten times a second while bytes move, and with NULL when a stage ends; in one thread at a time. */
void progress_watch(void (*show)(const struct progress *progress));
/*
 * Begins a stage of total bytes; 0 if unknown. A stage begun inside another is part of it. what is borrowed. Without a
 * watcher, these three functions do nothing.
 */
void progress_begin(const char *what, uint64_t total);
/* Adds n bytes that were read or written. May be called from several threads. */
void progress_add(uint64_t n);
void progress_end(void);
