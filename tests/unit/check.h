/* SPDX-License-Identifier: MIT */
/* What every unit test includes: cmocka, and checks that go on with the next case. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/defs.h"
#include "base/err.h"

/* Seconds after which a test program ends itself: nothing here may block. */
enum { CHECK_SECONDS = 120 };

/* When the condition does not hold, prints the rest as a sentence; the test fails at its end. */
#define check(condition, ...) check_at(condition, __FILE__, __LINE__, __VA_ARGS__)
void check_at(bool holds, const char *file, int line, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Whether a call returned what it should; e, which may be NULL, tells what it said instead. */
void check_code(const char *what, int got, int expected, const struct err *e);
/* Whether a refusal has a sentence that a terminal can show: one line, no control characters. */
void check_sentence(const char *what, const struct err *e);
/* Text with its control bytes made visible, in one of a few static buffers. */
const char *shown(const char *text, size_t len);
/* The number of open descriptors of this process. */
unsigned count_fds(void);

int check_begin(void **state);
int check_end(void **state);
#define unit(function) cmocka_unit_test_setup_teardown(function, check_begin, check_end)
