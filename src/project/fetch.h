/* SPDX-License-Identifier: MIT */
/* Base images: fetched before anything is built. */
#pragma once

#include "project/flow.h"

/* Reads the base images of each platform's Dockerfile into f->bases, which is freed by fetch_done(). */
void fetch_read(struct flow *f);
void fetch_done(struct flow *f);
/*
 * Lets the engine pull the platform's base images that are missing or for another platform. 0, or -errno with e set:
 * -EBADMSG if one is unavailable.
 */
int fetch_bases(const struct flow *f, size_t i, struct err *e);
/* The first image that is a base for several platforms of an engine which keeps it for one. Borrowed; NULL: none. */
const char *fetch_shared(const struct flow *f, const struct engine *engine);
