/* SPDX-License-Identifier: MIT */
/* Where an emulator goes inside a root: an opened directory and a name in it. */
#pragma once

#include <limits.h>

#include "rootfs/record.h"

#define PLACE_RECORD	".anyarch"
#define PLACE_BACKUP	".anyarch-was"
#define PLACE_TEMPORARY ".anyarch-new"

struct place {
	int dir;
	char name[NAME_MAX + 1];
	unsigned made;	/* directories that were made for it */
	struct timespec time; /* before, of the lowest directory that was there */
};

/*
 * Resolves the directory of an absolute path inside root; with make missing ones are made (0755). -ENOENT
 * without make; -EBADMSG when the path cannot name a file or its directory is not inside.
 */
int place_open(int root, const char *at, bool make, struct place *ret, struct err *e);
void place_done(struct place *place);
/* The record beside the place's file. -ENOENT, -EBADMSG. */
int place_read_record(const struct place *place, struct record *ret);
