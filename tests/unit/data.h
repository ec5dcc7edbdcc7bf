/* SPDX-License-Identifier: MIT */
/* Fixtures from the directory that TEST_DATA names: tables of text, and whole files. */
#pragma once

#include <stdio.h>

#include "base/buf.h"

enum { DATA_FIELDS = 4 };

struct data {
	FILE *file;
	char *line;
	size_t cap;
	size_t n_fields;
	const char *field[DATA_FIELDS];
};

/* Opens a table whose lines have so many fields; lines that begin with '#' are comments. */
struct data data_open(const char *name, size_t n_fields);
/* Moves on to the next line; false at the end, where the table is closed. */
bool data_next(struct data *data);
/* A whole file. */
struct buf data_file(const char *name);
/* The directory itself. */
const char *data_dir(void);
