/* SPDX-License-Identifier: MIT */
/* How images are named on the command line: skopeo's way. */
#pragma once

#include "image/model.h"

/* "PREFIX:PATH[:REFERENCE]", or a path alone. path is owned. */
struct image_name {
	char *path;
	const char *reference; /* inside path; NULL: all */
	bool is_image;	       /* it has a prefix that says so */
};

void image_name_parse(const char *target, struct image_name *ret);
/*
 * An error for a name that cannot be opened, with -errno. What looks like an image of an engine, of a registry or of
 * another of skopeo's transports gets a hint how to get it.
 */
int image_name_refuse(const char *target, int code, struct err *e);
/* Whether a directory is an image as skopeo's "dir:" writes it, and the error that says so. */
bool image_name_is_dir(int dir);
int image_name_refuse_dir(const char *target, struct err *e);
/* Whether one of an image's tags is this one, whole or after its last colon; true for NULL. */
bool image_is_named(const struct model_image *image, const char *reference);
