/* SPDX-License-Identifier: MIT */
/* Base images, there before anything is built. */
#pragma once

#include "project/bases.h"
#include "project/flow.h"

/* The base images of a platform's Dockerfile: bases_read(). */
int fetch_read(const struct flow *f, size_t i, struct bases *ret, struct err *e);
/*
 * Has the engine get the base images of a platform that it has not, or has for another platform. 0, or -errno with e
 * set: -EBADMSG when one cannot be had.
 */
int fetch_bases(const struct flow *f, size_t i, struct err *e);
/* The first image that is the base for more than one platform. Owned by the caller; NULL: none, or no memory. */
char *fetch_shared(const struct flow *f);
