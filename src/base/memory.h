/* SPDX-License-Identifier: MIT */
/* Allocation that remembers a failure, so that no answer is given from half of the facts. */
#pragma once

#include "base/defs.h"

/* As calloc, reallocarray, strdup and strndup. */
void *mem_new(size_t n, size_t size);
void *mem_grow(void *old, size_t n, size_t size);
char *mem_text(const char *text);
char *mem_part(const char *text, size_t len);
/* Notes a failure that was found otherwise. */
void mem_note(void);
/* Whether any allocation of this run has failed. */
bool mem_has_failed(void);
