/* SPDX-License-Identifier: MIT */
/* How far long work is, for whoever shows it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The stage that goes on. */
struct progress {
	const char *what; /* "reading" */
	uint64_t done, total;
	double seconds; /* since it began */
};

/* Called about ten times a second while bytes move, and with NULL when a stage ends; from one thread at a time. */
void progress_watch(void (*show)(const struct progress *progress));
/*
 * Work on so many bytes begins; 0: nobody knows how many. What is begun inside of it is a part of it. what is borrowed.
 * Without a watcher all three cost nothing.
 */
void progress_begin(const char *what, uint64_t total);
/* So many bytes have been read or written. May be called from several threads. */
void progress_add(uint64_t n);
void progress_end(void);
