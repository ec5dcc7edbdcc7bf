/* SPDX-License-Identifier: MIT */
/* A project rendered: one Dockerfile for each platform, all of them in memory before the first is written. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "project/config.h"
#include "project/template.h"

enum render_result { RENDER_CREATED = 0, RENDER_REPLACED, RENDER_UNCHANGED };
extern const char *const render_words[];

struct render_request {
	int dir;		   /* the project's */
	struct platforms selected; /* none: all that TARGET_ARCHES has */
	const struct arch *native; /* of the machine that builds */
};

struct render_item {
	struct target target;
	char *name; /* Dockerfile.arm32v6 */
	struct buf text;
	mode_t mode; /* of the file that it replaces */
	enum render_result result;
};

struct render {
	struct config config; /* of the project */
	struct render_item items[PLATFORMS_MAX];
	size_t n;
};

#define auto_render auto_with(render_done) struct render

/*
 * Reads build.config and the template that it names, checks both, and renders.
 * Nothing is written. 0, or -errno with e naming file and line; -EINVAL when what is selected is not in TARGET_ARCHES.
 * ret is freed by render_done().
 */
int render_plan(const struct render_request *request, struct render *ret, struct err *e);
/*
 * What writing into the directory out would do to each: sets result. -EEXIST with e set where a file stands that was
 * not rendered, unless force; where something else stands, also then.
 */
int render_compare(struct render *render, int out, bool force, struct err *e);
/* Writes one into the directory out, unless it is unchanged. 0, or -errno with e set. */
int render_write(const struct render_item *item, int out, struct err *e);
void render_done(struct render *render);
