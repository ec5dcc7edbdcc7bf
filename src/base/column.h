/* SPDX-License-Identifier: MIT */
/* What a table has columns of. */
#pragma once

#include "base/defs.h"

enum column_type { COLUMN_TEXT = 0, COLUMN_BOOL };

/* A fact about a row: a column of the text, a key of the JSON. */
struct column {
	const char *name;
	const char *key;
	const char *help;
	enum column_type type;
	bool is_extra; /* not shown unless asked for */
};
