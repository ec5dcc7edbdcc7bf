// SPDX-License-Identifier: MIT
/*
 * A preloaded allocator that has no memory at the FAIL_ATth request, and none from there on with FAIL_ON;
 * with FAIL_COUNT the last line on stderr is how many requests there were. FAIL_ALONE: programs that it starts have
 * memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size), *__libc_calloc(size_t n, size_t size), *__libc_realloc(void *old, size_t size);

static long requests, fail_at;
static int fails_on, is_counting;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAIL_AT");

	fails_on = getenv("FAIL_ON") != NULL;
	is_counting = at != NULL;
	fail_at = at ? atol(at) : 0;
	requests = 0;
	if (getenv("FAIL_ALONE"))
		unsetenv("FAIL_AT");
}

__attribute__((destructor)) static void end(void)
{
	if (getenv("FAIL_COUNT"))
		dprintf(2, "%ld\n", requests);
}

static int fails(void)
{
	if (!is_counting || !++requests || !fail_at || requests < fail_at || (requests > fail_at && !fails_on))
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t n, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, n * size);
}
