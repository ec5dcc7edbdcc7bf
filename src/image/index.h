/* SPDX-License-Identifier: MIT */
/* One image for several platforms out of several images for one. */
#pragma once

#include "arch/name.h"
#include "image/model.h"
#include "image/outlet.h"

/* One platform: an image of a model of its bundle, and what the index says of it. All borrowed. */
struct index_image {
	const struct bundle *bundle;
	const struct model_image *image;    /* MODEL_IMAGE */
	const char *architecture, *variant; /* as OCI has them; variant "" for none */
	bool is_host;			    /* what manifest.json of an archive is about */
	const struct buf *config;	    /* instead of its own; NULL: that */
};

/* What an index calls a variant, in Docker's words: arm64 is v8 without saying so. */
const char *index_variant(const struct platform *platform);

/* What is known of an image when its blobs are written. */
struct index_written {
	char manifest[DIGEST_TEXT];
	uint64_t size;
	const char *type;  /* of the manifest */
	struct buf layers; /* names of blobs, as manifest.json lists them; owned */
};

struct index_request {
	const struct index_image *images;
	size_t n;
	const char *const *tags; /* "name:tag" or a tag alone; none: the index has no name */
	size_t n_tags;
	const char *const *annotations; /* "KEY=VALUE" of the index */
	size_t n_annotations;
};

/* Writes the blobs of one image, manifest included. ret->layers is to be freed also on failure. 0 or -errno. */
int index_write_image(const struct index_image *image, struct outlet *outlet, struct index_written *ret, struct err *e);
/* ',"annotations":{...}' of a descriptor in index.json that has this name: a tag, or a whole name with one. */
void index_add_name(struct buf *out, const char *name);
/*
 * Writes the image: manifests and blobs that are OCI's already stay byte for byte, a docker-archive's image gets a
 * manifest. Each blob is checked against its digest. All names lead to one digest, ret_digest. The outlet is ended. 0
 * or -errno with e set: -EBADMSG for a blob that is damaged or missing.
 */
int index_write(
	const struct index_request *request, struct outlet *outlet, char ret_digest[DIGEST_TEXT], struct err *e);
