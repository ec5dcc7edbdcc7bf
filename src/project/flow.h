/* SPDX-License-Identifier: MIT */
/* What building a project and publishing it share while it goes on. */
#pragma once

#include "project/build.h"
#include "project/engine.h"
#include "project/render.h"
#include "report/image.h"

struct flow {
	const struct build_request *request;
	struct build *build;
	struct render render;
	struct engine engine;
	char *scratch; /* a directory of ours */
};

/* Of build.config. */
const char *flow_value(const struct flow *f, enum config_key key);
/* REPO/IMAGE_NAME:tag. Owned; NULL without memory. */
char *flow_name(const struct flow *f, const char *tag);
/* A file of a platform that is only needed meanwhile. Owned; NULL without memory. */
char *flow_scratch(const struct flow *f, size_t i, const char *end);
/* Shows a command, and runs it unless nothing is to be run. As child_run(). */
int flow_run(const struct flow *f, const struct child *command, struct err *e);
/* The index under all names, to the file that was asked for, and to the registry. 0 or -errno with e set. */
int publish(const struct flow *f, struct err *e);
