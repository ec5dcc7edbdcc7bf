/* SPDX-License-Identifier: MIT */
/* Base images with native compilers in them while a platform is built, and what was built without them again. */
#pragma once

#include "project/fetch.h"

/* What is there meanwhile. Zeroed there is nothing; accelerate_done() takes it away. */
struct accelerated {
	struct bases bases;
	char *names[BASES_MAX]; /* of each base that got some; NULL: it is used as it is */
	size_t n;		/* so many did */
	char *old;		/* what the image was called that had them; NULL: there is none */
};

/*
 * Where that was asked for, and the platform is not this machine's: copies each base image, which the engine has, under
 * a name of ours, puts native compilers into the copy (anyarch inject --accelerate), and writes the Dockerfile that
 * begins from them to text. A base that cannot have them is used as it is, and that is told. 0; -EIO when the engine
 * fails, -EINTR, -ENOMEM.
 */
int accelerate_begin(const struct flow *f, size_t i, struct accelerated *ret, struct buf *text);
/* Takes them out of what was built and saved (anyarch eject), and has the engine take that in its stead. */
int accelerate_eject(const struct flow *f, size_t i, const struct engine_image *image, struct accelerated *with);
/* Removes the copies from the engine. */
void accelerate_done(const struct flow *f, size_t i, struct accelerated *with);
/* Refuses what this cannot be done with: -EBADMSG, with e set. */
int accelerate_check(const struct flow *f, struct err *e);
