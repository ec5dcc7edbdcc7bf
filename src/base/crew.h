/* SPDX-License-Identifier: MIT */
/* Runs work items in parallel, and handles their results in order. */
#pragma once

#include <stddef.h>

struct crew {
	unsigned jobs; /* number of threads; 0 or 1: run in the caller's thread */
	size_t n;
	/* Called in any thread, once for each item; worker is the number of the thread, from 0. */
	void (*work)(size_t i, unsigned worker, void *context);
	/* Called in the caller's thread, in order, as soon as an item and all before it are done; may be NULL. */
	void (*done)(size_t i, void *context);
	void *context;
};

/* Returns when all items are done. If no thread can be created, the caller's does the work. */
void crew_run(const struct crew *crew);
