/* SPDX-License-Identifier: MIT */
/* Creates the first files of a project; keeps existing ones. */
#pragma once

#include "project/files.h"

enum { INIT_TEMPLATE = 0, INIT_CONFIG, INIT_FILES };

struct init {
	struct file files[INIT_FILES]; /* created or kept */
	bool is_nameless;	       /* the directory's name yields no image name */
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
void init_done(struct init *init);
