/* SPDX-License-Identifier: MIT */
/* Allocation that remembers a failure, so that no answer is given from half of the facts. */
#pragma once

#include "base/defs.h"

/* As calloc, reallocarray, strdup and strndup. */
void *mem_new(size_t n, size_t size);
void *mem_grow(void *old, size_t n, size_t size);
char *mem_text(const char *text);
char *mem_part(const char *text, size_t len);
/* Adds a copy of a text to a list of them, which has room for *cap. 0 or -ENOMEM; the list is as it was then. */
int mem_push_text(char ***list, size_t *n, size_t *cap, const char *text);
/* Notes a failure that was found otherwise. */
void mem_note(void);
/* Whether any allocation of this run has failed. */
bool mem_has_failed(void);
