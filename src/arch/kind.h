/* SPDX-License-Identifier: MIT */
/* What a file is that is neither a program nor an image, and what makes something of it that is. */
#pragma once

#include "base/err.h"

struct kind {
	size_t at; /* where the file has the magic */
	const char *magic;
	size_t len;
	const char *what; /* "a Debian package" */
	const char *hint; /* a command, with %s for the file; NULL: nothing helps */
	bool is_disk;	  /* a file system, or a disk with partitions */
	bool is_table;	  /* the latter */
};

/* What an open regular file is, judged by magics at fixed places. Never NULL. */
const struct kind *kind_of(int fd);
/* A file's name as it can stand in a command: FILE instead of one that a shell would change. */
const char *kind_name(const char *name);
/* Gives an error the hint of a kind, if it has one. e->code. */
int kind_hint(const struct kind *kind, const char *name, struct err *e);
