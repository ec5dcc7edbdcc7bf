/* SPDX-License-Identifier: MIT */
/* Converts images between the formats. */
#pragma once

#include "arch/name.h"
#include "base/err.h"
#include "image/reference.h"

struct convert_request {
	const char *from; /* as for image_name_parse(), or "-" for standard input */
	const char *to;	  /* a docker-archive, oci:DIR or oci-archive:FILE; OCI with optional reference */
	const struct platform *platform; /* select the image for this platform; NULL: any */
	const char *const *tags;	 /* new names, valid by reference_is_loadable(); none: keep the image's names */
	size_t n_tags;
	bool force;	/* replace an existing output file */
	bool dry_run;	/* read and check everything, write nothing */
	bool fix_label; /* correct a wrong platform label to match the files */
};

enum { CONVERT_TAGS_MAX = 64 };

/*
 * Reads the input, selects the requested image and writes it. From OCI to OCI, if there is nothing to select or change,
 * copies everything byte for byte. 0 or -errno with e set.
 */
int convert(const struct convert_request *request, struct err *e);
