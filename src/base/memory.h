/* SPDX-License-Identifier: MIT */
/* Allocation that always succeeds: the program ends where there is no memory. */
#pragma once

#include <stdarg.h>

#include "base/defs.h"

#define MEM_OWNED __attribute__((malloc, returns_nonnull, warn_unused_result))

/*
 * As calloc, reallocarray, strdup, strndup, asprintf and vasprintf, but never NULL: without memory the handler runs,
 * and the program ends. Sizes that input drives need a limit of their own before.
 */
void *mem_new(size_t n, size_t size) MEM_OWNED;
void *mem_grow(void *old, size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
char *mem_text(const char *text) MEM_OWNED;
char *mem_part(const char *text, size_t len) MEM_OWNED;
char *mem_print(const char *fmt, ...) PRINTF_LIKE(1, 2) MEM_OWNED;
char *mem_vprint(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0))) MEM_OWNED;
/* As realpath(path, NULL): NULL with errno, but not for lack of memory. */
char *mem_realpath(const char *path) __attribute__((malloc, warn_unused_result));
/* Room for one more than n items. It doubles when it is used up, which n alone tells: items come one by one, from 0. */
void *mem_more(void *items, size_t n, size_t size) __attribute__((returns_nonnull, warn_unused_result));
/* Adds a copy of a text to a list of them; frees such a list. */
void mem_push_text(char ***list, size_t *n, const char *text);
void mem_free_texts(char **list, size_t n);

/* What to do without memory, in whichever thread or child; it does not return. abort() unless set. */
void mem_on_exhausted(void (*handler)(void));
/* The same end, for a library that says that it had no memory. */
_Noreturn void mem_exhausted(void);
