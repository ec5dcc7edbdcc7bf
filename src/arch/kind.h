/* SPDX-License-Identifier: MIT */
/* Identifies files that are neither a program nor an image, and how to get one from them. */
#pragma once

#include "base/err.h"

struct kind {
	size_t at; /* file offset of the magic */
	const char *magic;
	size_t len;
	const char *what; /* "a Debian package" */
	const char *hint; /* a command, with %s for the file; NULL: none */
	bool is_disk;	  /* a file system, or a disk with partitions */
	bool is_table;	  /* a disk with partitions */
};

/* Identifies an open regular file by magics at fixed offsets. Never NULL. */
const struct kind *kind_of(int fd);
/* A file name for use in a command: FILE if a shell would interpret the name. */
const char *kind_name(const char *name);
/* Adds the hint of a kind to e, if it has one; returns e->code. */
int kind_hint(const struct kind *kind, const char *name, struct err *e);
