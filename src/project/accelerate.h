/* SPDX-License-Identifier: MIT */
/* Native compilers in base images while a platform is built, and their removal from the built image. */
#pragma once

#include "project/flow.h"

/* Temporary images in the engine. A zeroed one is empty; accelerate_done() removes them. */
struct accelerated {
	char *names[BASES_MAX]; /* of the copy of each base; NULL: the base is used as it is */
	size_t n;		/* number of copies */
	char *old;		/* a name for the image that was built with them; NULL: none */
};

/*
 * If requested, and the platform is not this machine's: copies each base image, which the engine has, under a temporary
 * name, puts native compilers into the copy, and appends the Dockerfile that uses it to text. A base that cannot have
 * them is used as it is, with a note. 0; -errno with the item's error set.
 */
int accelerate_begin(const struct flow *f, size_t i, struct accelerated *ret, struct buf *text);
/* Removes the compilers from the saved image, and loads the result into the engine. */
int accelerate_eject(const struct flow *f, size_t i, const struct engine_words *image, struct accelerated *with);
/* Removes the temporary images from the engine. */
void accelerate_done(const struct flow *f, size_t i, struct accelerated *with);
/* Refuses an engine that does not support this: -EBADMSG with e set. */
int accelerate_check(const struct flow *f, struct err *e);
