/* SPDX-License-Identifier: MIT */
/* Makes one image for several platforms out of several images, each for the platform that its files tell. */
#pragma once

#include "arch/name.h"
#include "base/err.h"
#include "image/reference.h"

enum { INDEX_WORDS_MAX = 64, INDEX_INPUTS_MAX = 64, INDEX_IMAGES_MAX = 64 };

struct index_request {
	const char *to;		 /* oci:DIR, oci-archive:FILE or FILE */
	const char *const *from; /* each as image_name_parse() takes it; at most INDEX_INPUTS_MAX */
	size_t n;
	const char *const *tags; /* as reference_is_ref_name() has them */
	size_t n_tags;
	const char *const *annotations; /* KEY=VALUE */
	size_t n_annotations;
	bool force;	  /* replaces a file that has the name of the output */
	bool dry_run;	  /* all is read and checked, and nothing is written */
	bool trust_label; /* if label and files disagree, use the label */
};

/* What was put into the index. */
struct index_result {
	struct index_row {
		char *platform; /* "linux/arm/v7", as OCI calls it */
		char *from;	/* the file or directory */
	} rows[INDEX_IMAGES_MAX];
	size_t n;
};

/* 0 or -errno with e set. index_result_done() frees ret, which is zeroed before; also on failure. */
int index_make(const struct index_request *request, struct index_result *ret, struct err *e);
void index_result_done(struct index_result *result);
