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
/* Whether one of an image's tags is this one, whole or after its last colon; true for NULL. */
bool image_is_named(const struct model_image *image, const char *reference);
/* $TMPDIR, else /var/tmp, which is on a disk: borrowed. */
const char *image_tmpdir(void);
