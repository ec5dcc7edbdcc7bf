/* SPDX-License-Identifier: MIT */
/* Base images of a Dockerfile: what its FROM lines ask a registry for. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { BASES_MAX = 32 };

struct base {
	char *image;
	char *platform; /* what its FROM says (linux/amd64); NULL: the one that is built for */
};

struct bases {
	struct base items[BASES_MAX];
	size_t n;
};

#define auto_bases auto_with(bases_done) struct bases

/* What the build is told besides. Borrowed. */
struct bases_request {
	const char *text; /* the Dockerfile */
	size_t len;
	const char *const *options; /* of the engine's build: --build-arg=NAME=VALUE counts */
	size_t n_options;
	const char *build_platform, *target_platform; /* what $BUILDPLATFORM and $TARGETPLATFORM are */
};

/*
 * The images that FROM names, each once: no stage of the file itself, not scratch. $NAME and ${NAME} are what ARG before the
 * first FROM says; what has any other variable in it is left to the engine, as is what is beyond BASES_MAX. 0, or -ENOMEM
 * with e set. ret is freed by bases_done().
 * Source: reference of Dockerfiles, FROM and "Understand how ARG and FROM interact".
 */
int bases_read(const struct bases_request *request, struct bases *ret, struct err *e);
void bases_done(struct bases *bases);
