/* SPDX-License-Identifier: MIT */
/* Base images with native compilers in them while a platform is built, and what was built without them again. */
#pragma once

#include "project/flow.h"

/* What the engine has meanwhile. Zeroed it is nothing; accelerate_done() removes it. */
struct accelerated {
	char *names[BASES_MAX]; /* of each base that got some; NULL: it is used as it is */
	size_t n;		/* how many did */
	char *old;		/* a name for the image that was built with them; NULL: there is none */
};

/*
 * Where that was asked for, and the platform is not this machine's: copies each base image, which the engine has, under
 * a temporary name, puts native compilers into the copy, and writes the Dockerfile that begins from them to text. A
 * base that cannot have them is used as it is, which is noted. 0; -errno with the item's error set.
 */
int accelerate_begin(const struct flow *f, size_t i, struct accelerated *ret, struct buf *text);
/* Removes them from the image that was built and saved, and has the engine take that instead. */
int accelerate_eject(const struct flow *f, size_t i, const struct engine_words *image, struct accelerated *with);
/* Removes the copies from the engine. */
void accelerate_done(const struct flow *f, size_t i, struct accelerated *with);
/* Refuses an engine that this cannot be done with: -EBADMSG, with e set. */
int accelerate_check(const struct flow *f, struct err *e);
