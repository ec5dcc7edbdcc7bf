/* SPDX-License-Identifier: MIT */
/* Converts images between the formats. */
#pragma once

#include "arch/name.h"
#include "base/err.h"
#include "image/reference.h"

struct convert_request {
	const char *from;		 /* as image_name_parse() takes it, or "-" for standard input */
	const char *to;			 /* a docker-archive, oci:DIR or oci-archive:FILE, perhaps with a reference */
	const struct platform *platform; /* of several images the one for this; NULL: any */
	const char *const *tags;	 /* the new names, as reference_is_loadable() has them; none: as it is called */
	size_t n_tags;
	bool force;	/* replaces a file that has the name of the output */
	bool dry_run;	/* all is read and checked, and nothing is written */
	bool fix_label; /* makes a wrong label say what the files are */
};

enum { CONVERT_TAGS_MAX = 64 };

/*
 * Reads the image, chooses what is asked for and writes it; where nothing is to be chosen or changed and both are
 * OCI's, all comes along byte for byte. 0 or -errno with e set.
 */
int convert(const struct convert_request *request, struct err *e);
