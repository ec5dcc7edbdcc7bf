/* SPDX-License-Identifier: MIT */
/* Native tools for a base image, installed by the engine: the same image for this machine, with cross packages. */
#pragma once

#include "project/flow.h"

/* The image that a set is made for. Borrowed. */
struct toolset {
	const char *image;   /* the base image */
	const char *copy;    /* its temporary name in the engine */
	const char *archive; /* where to write the set */
};

/*
 * Pulls the image of the same name for this machine, and installs the cross packages for platform i that its release
 * has, by a RUN. The engine keeps the result under a name with the base image's ID, so it is made once. 0, or -errno
 * with e set: the registry has no such image.
 */
int toolset_make(const struct flow *f, size_t i, const struct toolset *set, struct err *e);
