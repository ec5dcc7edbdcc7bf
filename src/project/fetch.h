/* SPDX-License-Identifier: MIT */
/* Base images, there before anything is built. */
#pragma once

#include "project/flow.h"

/* Reads the base images of each platform's Dockerfile into f->bases, which is freed by fetch_done(). */
void fetch_read(struct flow *f);
void fetch_done(struct flow *f);
/*
 * Has the engine get the base images of a platform that it has not, or has for another platform. 0, or -errno with e
 * set: -EBADMSG when one cannot be had.
 */
int fetch_bases(const struct flow *f, size_t i, struct err *e);
/* The first image that is the base for several platforms of an engine. Borrowed; NULL: none. */
const char *fetch_shared(const struct flow *f, const struct engine *engine);
/* Whether the engine keeps an image of one name for several platforms. */
bool fetch_keeps_several(const struct flow *f, const struct engine *engine);
