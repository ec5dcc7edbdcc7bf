/* SPDX-License-Identifier: MIT */
/* Base images with native compilers in them while a platform is built, and what was built without them again. */
#pragma once

#include "project/bases.h"
#include "project/flow.h"

/* What is there meanwhile. Zeroed there is nothing; native_done() takes it away. */
struct native {
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
int native_begin(const struct flow *f, size_t i, struct native *ret, struct buf *text);
/* Takes them out of what was built and saved (anyarch eject), and has the engine take that in its stead. */
int native_eject(const struct flow *f, size_t i, const struct engine_image *image, struct native *native);
/* Removes the copies from the engine. */
void native_done(const struct flow *f, size_t i, struct native *native);
/* Refuses what this cannot be done with: -EBADMSG, with e set. */
int native_check(const struct flow *f, struct err *e);
