/* SPDX-License-Identifier: MIT */
/* Pieces of work side by side, and what became of them in their order. */
#pragma once

#include <stddef.h>

struct crew {
	unsigned jobs; /* how many at once; up to 1: none of it in another thread */
	size_t n;
	/* In any thread, each piece once; worker is which of them, from 0. */
	void (*work)(size_t i, unsigned worker, void *context);
	/* In the caller's thread, in order, as soon as its turn has come; NULL: nothing. */
	void (*done)(size_t i, void *context);
	void *context;
};

/* Returns when all is done. Where no thread can be made, the caller's does the work. */
void crew_run(const struct crew *crew);
