/* SPDX-License-Identifier: MIT */
/* A new project: the files that it begins with, and none that exists is touched. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum init_result { INIT_CREATED = 0, INIT_KEPT };
extern const char *const init_words[];

enum { INIT_TEMPLATE = 0, INIT_CONFIG, INIT_FILES };

struct init {
	struct init_item {
		const char *name;
		struct buf text; /* unless it is kept */
		enum init_result result;
	} items[INIT_FILES];
	bool is_nameless; /* no name for the image could be made of the directory's */
};

#define auto_init auto_with(init_done) struct init

/* What is to be created. Borrowed. */
struct init_request {
	int dir;	      /* -1: it does not exist yet */
	const char *dir_name; /* becomes that of the image, as far as it can */
	const char *from;     /* the path of a Dockerfile to make the template of; NULL: none */
};

/*
 * Plans the files; those that exist are kept. Nothing is written. 0, or -errno with e set: -EEXIST what has their name
 * is not a file, or with a Dockerfile also where there is a template; -EBADMSG for a Dockerfile that cannot be one.
 */
int init_plan(const struct init_request *request, struct init *ret, struct err *e);
/* Writes one, unless it is kept. 0, or -errno with e set. */
int init_write(const struct init_item *item, int dir, struct err *e);
void init_done(struct init *init);
