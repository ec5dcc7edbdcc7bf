/* SPDX-License-Identifier: MIT */
/* Allocation that always succeeds: the program ends if memory is exhausted. */
#pragma once

#include <stdarg.h>

#include "base/defs.h"

#define MEM_OWNED __attribute__((malloc, returns_nonnull, warn_unused_result))

/*
 * Like calloc, reallocarray, strdup, strndup, asprintf and vasprintf, but never NULL: if memory is exhausted, the
 * handler runs and the program ends. Sizes that input drives must be limited before.
 */
void *mem_new(size_t n, size_t size) MEM_OWNED;
void *mem_grow(void *old, size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
char *mem_text(const char *text) MEM_OWNED;
char *mem_part(const char *text, size_t len) MEM_OWNED;
char *mem_print(const char *fmt, ...) PRINTF_LIKE(1, 2) MEM_OWNED;
char *mem_vprint(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0))) MEM_OWNED;
/* Like realpath(path, NULL): NULL with errno, except for ENOMEM. */
char *mem_realpath(const char *path) __attribute__((malloc, warn_unused_result));
/* Makes room for item n + 1. The array doubles at powers of two, judged by n alone: add items one by one, from 0. */
void *mem_more(void *items, size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
/* Append a copy of text to a list; free such a list. */
void mem_push_text(char ***list, size_t *n, const char *text);
void mem_free_texts(char **list, size_t n);

/* Sets the handler for exhausted memory, called in any thread or child; it must not return. Default: abort(). */
void mem_on_exhausted(void (*handler)(void));
/* Runs the handler: for libraries that report exhausted memory. */
_Noreturn void mem_exhausted(void);
