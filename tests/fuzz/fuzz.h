/* SPDX-License-Identifier: MIT */
/* What every fuzz target includes: its entry point, and input as an open file. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/defs.h"
#include "base/err.h"

/* libFuzzer and replay.c call this, once for each input; it returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Ends the process where the condition does not hold: that is what a fuzzer calls a finding. */
#define must(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

/* The bytes as a regular file without a name, always the same one: emptied and filled anew.
 * Borrowed. */
int fuzz_file(const void *data, size_t len);
/* Every failure has a code and a sentence, which are shown with FUZZ_TELL=1. */
void fuzz_check(int code, const struct err *e);
