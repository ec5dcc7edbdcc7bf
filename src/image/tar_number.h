/* SPDX-License-Identifier: MIT */
/* Numbers of tar headers, of the fields and of PAX records: as the readers of engines take them. */
#pragma once

#include "base/defs.h"

/* A field: octal digits, NULs or blanks before and behind, an empty one is 0; or base-256 (GNU), also negative. */
bool tar_octal(const uint8_t *field, size_t len, int64_t *ret);
/* A PAX record's value: with a sign, or zeros before it. */
bool tar_decimal(const char *text, int64_t *ret);
/* A time may have a fraction, and be before 1970: then it is what a header without PAX would say. */
bool tar_time(const char *text, int64_t *ret);
