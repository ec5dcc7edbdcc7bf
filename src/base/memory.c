// SPDX-License-Identifier: MIT
/* Allocation that always succeeds: the program ends if memory is exhausted. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void (*on_exhausted)(void) = abort;

void mem_on_exhausted(void (*handler)(void))
{
	on_exhausted = handler;
}

void mem_exhausted(void)
{
	on_exhausted();
	abort();
}

static void *checked(void *p)
{
	if (!p)
		mem_exhausted();
	return p;
}

void *mem_new(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

/* With size 0 realloc() would free and return NULL. */
void *mem_grow(void *old, size_t n, size_t size)
{
	return checked(reallocarray(old, n ? n : 1, size));
}

void *mem_more(void *items, size_t n, size_t size)
{
	bool is_full = !(n & (n - 1)); /* 0 and powers of two */

	return is_full ? mem_grow(items, n ? 2 * n : 1, size) : items;
}

void mem_free_texts(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

char *mem_text(const char *text)
{
	return checked(strdup(text));
}

char *mem_part(const char *text, size_t len)
{
	size_t n = strnlen(text, len);
	char *part = mem_new(n + 1, 1);

	memcpy(part, text, n);
	return part;
}

char *mem_vprint(const char *fmt, va_list ap)
{
	char *text;

	return checked(vasprintf(&text, fmt, ap) < 0 ? NULL : text);
}

char *mem_print(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = mem_vprint(fmt, ap);
	va_end(ap);
	return text;
}

char *mem_realpath(const char *path)
{
	char *real = realpath(path, NULL);

	if (!real && errno == ENOMEM)
		mem_exhausted();
	return real;
}

/* GCC 12 does not track stores through two pointers and reports a leak of the copy; clang has no such warning. */
#ifndef __clang__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
void mem_push_text(char ***list, size_t *n, const char *text)
{
	*list = mem_more(*list, *n, sizeof(**list));
	(*list)[(*n)++] = mem_text(text);
}
#ifndef __clang__
#pragma GCC diagnostic pop
#endif
