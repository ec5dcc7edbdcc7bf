/* SPDX-License-Identifier: MIT */
/* Native tools for a base image, made with the engine: its sibling for this machine, with cross packages. */
#pragma once

#include "project/flow.h"

/* What a set is made for. Borrowed. */
struct toolset {
	const char *image;   /* the base image */
	const char *copy;    /* a name that it has besides, in the engine */
	const char *archive; /* where the set is written to */
};

/*
 * Pulls the image of the same name for this machine, and installs the cross packages for platform i in it, as far as
 * its release has them, by an ordinary RUN. The engine keeps the result under a name with the base image's ID, and
 * makes it once. 0, or -errno with e set: the registry has no such image.
 */
int toolset_make(const struct flow *f, size_t i, const struct toolset *set, struct err *e);
