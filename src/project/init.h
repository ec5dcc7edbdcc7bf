/* SPDX-License-Identifier: MIT */
/* Creates the first files of a project; keeps existing ones. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum init_result { INIT_CREATED = 0, INIT_KEPT };
extern const char *const init_words[];

enum { INIT_TEMPLATE = 0, INIT_CONFIG, INIT_FILES };

struct init {
	struct init_item {
		const char *name;
		struct buf text; /* empty if the file is kept */
		enum init_result result;
	} items[INIT_FILES];
	bool is_nameless; /* the directory's name yields no image name */
};

#define auto_init auto_with(init_done) struct init

/* What to create. Borrowed. */
struct init_request {
	int dir;	      /* -1: it does not exist yet */
	const char *dir_name; /* basis of the image's name */
	const char *from;     /* path of a Dockerfile to adopt as template; NULL: none */
};

/*
 * Plans the files, and writes nothing; existing files are kept. 0, or -errno with e set: -EEXIST if a name is not a
 * regular file, or if from is given and the template exists; -EBADMSG if from cannot become a template.
 */
int init_plan(const struct init_request *request, struct init *ret, struct err *e);
/* Writes a file, unless it is kept. 0, or -errno with e set. */
int init_write(const struct init_item *item, int dir, struct err *e);
void init_done(struct init *init);
