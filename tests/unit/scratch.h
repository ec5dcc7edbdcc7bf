/* SPDX-License-Identifier: MIT */
/* A directory of its own for a test, gone afterwards with all that is in it. */
#pragma once

#include <sys/types.h>

#include "check.h"

struct scratch {
	char path[64];
	int dir;
};

int scratch_begin(void **state);
int scratch_end(void **state);
/* A test whose state is a struct scratch. */
#define unit_in_scratch(function) cmocka_unit_test_setup_teardown(function, scratch_begin, scratch_end)

/* Removes what is in it. */
void scratch_empty(const struct scratch *s);
/* Makes a file anew, with the directories above it, and its exact mode. */
void scratch_write(const struct scratch *s, const char *name, const void *data, size_t len, mode_t mode);
/* Makes a directory with those above it. */
void scratch_mkdir(const struct scratch *s, const char *name);
/* The number of entries of a directory below ("." for the scratch itself). */
unsigned scratch_count(const struct scratch *s, const char *name);
/* Whether a file below holds exactly these bytes. */
bool scratch_holds(const struct scratch *s, const char *name, const void *data, size_t len);
