// SPDX-License-Identifier: MIT
/* Progress of long operations, reported to a watcher. */
#include "base/progress.h"

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "base/defs.h"

/* Nanoseconds. */
enum { STEP = 100 * 1000 * 1000 };

static void (*watcher)(const struct progress *progress);
static struct progress stage;
static atomic_uint depth;
static atomic_uint_fast64_t done, begun, next;
static atomic_flag is_shown = ATOMIC_FLAG_INIT;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 * 1000 * 1000 + (uint64_t)t.tv_nsec;
}

void progress_watch(void (*show)(const struct progress *progress))
{
	watcher = show;
}

void progress_begin(const char *what, uint64_t total)
{
	if (!watcher || atomic_fetch_add(&depth, 1))
		return;
	stage = (struct progress){ .what = what, .total = total };
	done = 0;
	begun = now();
	next = begun + STEP;
}

void progress_add(uint64_t n)
{
	uint64_t time;

	if (!watcher || !depth)
		return;
	done += n;
	time = now();
	if (time < next || atomic_flag_test_and_set(&is_shown))
		return;
	next = time + STEP;
	stage.done = stage.total ? MIN_OF((uint64_t)done, stage.total) : (uint64_t)done;
	stage.seconds = (double)(time - begun) / 1e9;
	watcher(&stage);
	atomic_flag_clear(&is_shown);
}

void progress_end(void)
{
	if (watcher && depth && atomic_fetch_sub(&depth, 1) == 1)
		watcher(NULL);
}
