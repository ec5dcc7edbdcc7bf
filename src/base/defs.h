/* SPDX-License-Identifier: MIT */
/* Attributes, scope-bound ownership and macros used everywhere. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	  (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define MIN_OF(a, b)	  ((a) < (b) ? (a) : (b))

static inline void cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

/* A descriptor or allocation released at the end of its scope; always initialize it. */
#define auto_fd	      __attribute__((cleanup(cleanup_fd))) int
#define auto_free     __attribute__((cleanup(cleanup_free)))
#define auto_with(fn) __attribute__((cleanup(fn)))

/* Hands over an owned descriptor; the variable is then -1. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *take_ptr_(void *p)
{
	void *taken = *(void **)p;

	*(void **)p = NULL;
	return taken;
}
#define take_ptr(p) ((__typeof__(*(p)))take_ptr_(p))
