/* SPDX-License-Identifier: MIT */
/* Combines images into one multi-platform image; each one's platform is determined by its files. */
#pragma once

#include "arch/name.h"
#include "base/err.h"
#include "image/reference.h"

enum { INDEX_WORDS_MAX = 64, INDEX_INPUTS_MAX = 64, INDEX_IMAGES_MAX = 64 };

struct index_request {
	const char *to;		 /* oci:DIR, oci-archive:FILE or FILE */
	const char *const *from; /* as for image_name_parse(); at most INDEX_INPUTS_MAX */
	size_t n;
	const char *const *tags; /* valid by reference_is_ref_name() */
	size_t n_tags;
	const char *const *annotations; /* KEY=VALUE */
	size_t n_annotations;
	bool force;	  /* replace an existing output file */
	bool dry_run;	  /* read and check everything, write nothing */
	bool trust_label; /* if label and files disagree, use the label */
};

/* The entries of the index. */
struct index_result {
	struct index_row {
		char *platform; /* OCI's name, such as "linux/arm/v7" */
		char *from;	/* input file or directory */
	} rows[INDEX_IMAGES_MAX];
	size_t n;
};

/* 0 or -errno with e set. Initializes ret; index_result_done() frees it, also after a failure. */
int index_make(const struct index_request *request, struct index_result *ret, struct err *e);
void index_result_done(struct index_result *result);
