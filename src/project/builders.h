/* SPDX-License-Identifier: MIT */
/* Builders: remote engines, each for some of a project's platforms. */
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
 * Adds a list of PLATFORM=WHERE, separated by commas or white space. 0, or -EINVAL with e set: an unknown platform, a
 * second builder for a platform, an unknown scheme, or an address that a client could read as an option.
 */
int builders_add(struct builders *list, const char *text, struct err *e);
/* The platform's builder. Borrowed; NULL: not in the list. */
const char *builders_find(const struct builders *list, const struct platform *platform);
void builders_done(struct builders *list);

/*
 * Opens the engine of a builder: of the requested kind if the builder's scheme supports it, otherwise of another kind.
 * Asks it for its platforms. 0, or -errno as engine_find().
 */
int builders_open(const char *where, const struct engine_search *search, struct engine *ret, struct err *e);
