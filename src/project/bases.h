/* SPDX-License-Identifier: MIT */
/* Base images of a Dockerfile: what its FROM lines ask a registry for. */
#pragma once

#include "base/buf.h"

enum { BASES_MAX = 32, BASE_PLACES_MAX = 16 };

/* Where the text has its name. */
struct base_place {
	size_t at, len;
};

struct base {
	char *image;
	char *platform; /* what its FROM says (linux/amd64); NULL: the one that is built for */
	struct base_place places[BASE_PLACES_MAX]; /* in FROM lines that are not continued, in their order */
	size_t n_places;
};

struct bases {
	struct base items[BASES_MAX];
	size_t n;
	bool has_unknown; /* there is one besides that only the engine knows */
};

#define auto_bases auto_with(bases_done) struct bases

/* What the build is told besides. Borrowed. */
struct bases_request {
	const char *text; /* the Dockerfile */
	size_t len;
	/* Of the engine's build. What counts is --build-arg=NAME=VALUE, --build-context=NAME=..., --target=STAGE. */
	const char *const *options;
	size_t n_options;
	const char *build_platform, *target_platform; /* what $BUILDPLATFORM and $TARGETPLATFORM are */
};

/*
 * The images that what is built begins from, each once: those of the last stage, and of the stages that it is made of
 * or copies from. No stage of the file itself, not scratch, no context that has a name. $NAME and ${NAME} are what ARG
 * before the first FROM says; what has any other variable in it is left to the engine. ret is freed by bases_done().
 * Source: reference of Dockerfiles, FROM, COPY --from, here-documents, "Understand how ARG and FROM interact".
 */
void bases_read(const struct bases_request *request, struct bases *ret);
/* The text with another name in each place of base i that names[i] is not NULL for. */
void bases_rename(
	const char *text, size_t len, const struct bases *bases, char *const names[BASES_MAX], struct buf *out);
void bases_done(struct bases *bases);
