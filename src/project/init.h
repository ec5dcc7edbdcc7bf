/* SPDX-License-Identifier: MIT */
/* A new project: the files that it begins with, and none that was there is touched. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum init_result { INIT_CREATED = 0, INIT_EXTENDED, INIT_KEPT, INIT_UNCHANGED };
extern const char *const init_words[];

enum { INIT_TEMPLATE = 0, INIT_CONFIG, INIT_IGNORE, INIT_FILES };

struct init_item {
	const char *name;
	struct buf text; /* what it is to be, unless it is kept */
	mode_t mode;
	enum init_result result;
};

struct init {
	struct init_item items[INIT_FILES];
	bool is_nameless; /* the directory is called so that no name for the image came of it */
};

#define auto_init auto_with(init_done) struct init

/*
 * What is to be written into the directory dir (-1: one that is not there yet), whose own name becomes that of the
 * image, as far as it can be in one. Files that are there are kept; .gitignore gets the lines that it has not. Nothing
 * is written. 0, or -errno with e set: -EEXIST something that is no file stands there, -ELOOP .gitignore is a link.
 */
int init_plan(int dir, const char *dir_name, struct init *ret, struct err *e);
/* Writes one, unless it is kept or unchanged. 0, or -errno with e set. */
int init_write(const struct init_item *item, int dir, struct err *e);
void init_done(struct init *init);
