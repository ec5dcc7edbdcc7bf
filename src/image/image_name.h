/* SPDX-License-Identifier: MIT */
/* Parses names of images on the command line, which follow skopeo. */
#pragma once

#include "image/model.h"

/* "PREFIX:PATH[:REFERENCE]", or a path alone. path is owned. */
struct image_name {
	char *path;
	const char *reference; /* points into path; NULL: all images */
	bool is_image;	       /* the name has a prefix */
};

void image_name_parse(const char *target, struct image_name *ret);
/*
 * Sets the error for a name that cannot be opened; returns code, a negative errno. A name that looks like an image of
 * an engine, a registry or another transport of skopeo gets a hint with the command to export it.
 */
int image_name_refuse(const char *target, int code, struct err *e);
/* Whether a directory is an image in skopeo's format "dir:", and the error for it. */
bool image_name_is_dir(int dir);
int image_name_refuse_dir(const char *target, struct err *e);
/* Whether one of the image's names matches reference, in full or by its tag; true for NULL. */
bool image_is_named(const struct model_image *image, const char *reference);
