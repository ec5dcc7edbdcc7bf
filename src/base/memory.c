// SPDX-License-Identifier: MIT
/* Allocation that remembers a failure, so that no answer is given from half of the facts. */
#include "base/memory.h"

#include <stdatomic.h>
#include <string.h>

static atomic_bool has_failed;

static void *noted(void *p)
{
	if (!p)
		has_failed = true;
	return p;
}

void *mem_new(size_t n, size_t size)
{
	return noted(calloc(n, size));
}

void *mem_grow(void *old, size_t n, size_t size)
{
	return noted(reallocarray(old, n, size));
}

char *mem_text(const char *text)
{
	return noted(strdup(text));
}

char *mem_part(const char *text, size_t len)
{
	return noted(strndup(text, len));
}

void mem_note(void)
{
	has_failed = true;
}

bool mem_has_failed(void)
{
	return has_failed;
}

/* GCC 12 does not follow what is stored through two pointers, and takes the copy for lost. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
int mem_push_text(char ***list, size_t *n, size_t *cap, const char *text)
{
	char *copy = mem_text(text);

	if (copy && *n == *cap) {
		size_t more = *cap ? 2 * *cap : 16;
		char **grown = mem_grow(*list, more, sizeof(*grown));

		if (!grown) {
			free(copy);
			return -ENOMEM;
		}
		*list = grown;
		*cap = more;
	}
	if (!copy)
		return -ENOMEM;
	(*list)[(*n)++] = copy;
	return 0;
}
#pragma GCC diagnostic pop
