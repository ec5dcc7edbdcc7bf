/* SPDX-License-Identifier: MIT */
/* Builders: engines elsewhere, each for some of a project's platforms. */
#pragma once

#include "project/engine.h"
#include "project/platforms.h"

struct builders {
	struct {
		struct platform platform;
		char *where; /* owned */
	} items[PLATFORMS_MAX];
	size_t n;
};

/*
 * Adds those of a list of PLATFORM=WHERE, separated by commas or white space. 0, or -EINVAL with e set: an unknown
 * platform or one that has a builder, a scheme that is none, and what clients could read as an option.
 */
int builders_add(struct builders *list, const char *text, struct err *e);
/* Where the platform is built. Borrowed; NULL: the list says nothing about it. */
const char *builders_find(const struct builders *list, const struct platform *platform);
void builders_done(struct builders *list);

/*
 * The engine of a builder: of the kind that is looked for if the builder can be one, otherwise of another. It is asked
 * for its platforms. 0, or -errno as engine_find().
 */
int builders_open(const char *where, const struct engine_search *search, struct engine *ret, struct err *e);
