/* SPDX-License-Identifier: MIT */
/* Parses numbers of tar headers and PAX records as container engines do. */
#pragma once

#include "base/defs.h"

/* A header field: octal digits, surrounded by NULs or blanks, empty: 0; or base-256 (GNU), which may be negative. */
bool tar_octal(const uint8_t *field, size_t len, int64_t *ret);
/* A PAX record's decimal value, optionally with a sign or leading zeros. */
bool tar_decimal(const char *text, int64_t *ret);
/* A PAX record's time. The fraction is dropped, and a time before 1970 becomes 0, as in a header without PAX. */
bool tar_time(const char *text, int64_t *ret);
