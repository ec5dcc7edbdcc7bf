/* SPDX-License-Identifier: MIT */
/* Base images of a Dockerfile: the images that its FROM lines request from a registry. */
#pragma once

#include "base/buf.h"

enum { BASES_MAX = 32, BASE_PLACES_MAX = 64 };

/* Position of an image's name in the text, in a FROM line without continuation. */
struct base_place {
	size_t at, len;
	size_t base; /* the index of its item */
};

struct base {
	char *image;
	char *platform; /* --platform of its FROM (linux/amd64), else the target platform */
	size_t n_places;
};

struct bases {
	struct base items[BASES_MAX];
	struct base_place places[BASE_PLACES_MAX]; /* in order */
	size_t n, n_places;
	bool has_unknown; /* the name of at least one more is known to the engine only */
};

#define auto_bases auto_with(bases_done) struct bases

/* Options of the build. Borrowed. */
struct bases_request {
	const char *text; /* the Dockerfile */
	size_t len;
	/* Options of the engine's build. Used: --build-arg=NAME=VALUE, --build-context=NAME=..., --target=STAGE. */
	const char *const *options;
	size_t n_options;
	const char *build_platform, *target_platform; /* values of $BUILDPLATFORM and $TARGETPLATFORM */
};

/*
 * Collects the external base images, each once: those of the target stage (default: the last) and of the stages that it
 * builds on or copies from. Not included: the file's own stages, scratch, named contexts. $NAME and ${NAME} expand to
 * ARG before the first FROM; a name with any other variable is left to the engine. ret is freed by bases_done().
 * Source: Dockerfile reference, FROM, COPY --from, here-documents, "Understand how ARG and FROM interact".
 */
void bases_read(const struct bases_request *request, struct bases *ret);
/* Appends the text with the name of base i replaced by names[i], if that is not NULL. */
void bases_rename(
	const char *text, size_t len, const struct bases *bases, char *const names[BASES_MAX], struct buf *out);
void bases_done(struct bases *bases);
