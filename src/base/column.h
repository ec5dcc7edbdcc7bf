/* SPDX-License-Identifier: MIT */
/* Columns of a table. */
#pragma once

#include "base/defs.h"

enum column_type { COLUMN_TEXT = 0, COLUMN_BOOL };

/* One property of a row: a column in text output, a key in JSON. */
struct column {
	const char *name;
	const char *key;
	const char *help;
	enum column_type type;
	bool is_extra; /* not shown unless asked for */
};
