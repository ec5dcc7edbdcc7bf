/* SPDX-License-Identifier: MIT */
/* One image for several platforms out of several images for one. */
#pragma once

#include "image/model.h"
#include "image/outlet.h"

/* One platform: an image of a model of its bundle, and what the index says of it. All borrowed. */
struct index_image {
	const struct bundle *bundle;
	const struct model_image *image; /* MODEL_IMAGE */
	const char *architecture, *variant; /* as OCI has them; variant "" for none */
	bool is_host; /* what manifest.json of an archive is about */
};

struct index_request {
	const struct index_image *images;
	size_t n;
	const char *const *tags; /* "name:tag" or a tag alone; none: the index has no name */
	size_t n_tags;
	const char *const *annotations; /* "KEY=VALUE" of the index */
	size_t n_annotations;
};

/*
 * Writes the image: manifests and blobs that are OCI's already stay byte for byte, a docker-archive's image gets a
 * manifest. Each blob is checked against its digest. All names lead to one digest. The outlet is ended. 0 or -errno with
 * e set: -EBADMSG for a blob that is damaged or missing.
 */
int index_write(const struct index_request *request, struct outlet *outlet, struct err *e);
