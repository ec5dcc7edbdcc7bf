/* SPDX-License-Identifier: MIT */
/* New OCI images: one index for several platforms, or images beside each other. */
#pragma once

#include "arch/name.h"
#include "image/model.h"
#include "image/outlet.h"

/* An image of a model of its bundle, and what an index says of it. All borrowed. */
struct oci_image {
	const struct bundle *bundle;
	const struct model_image *image;    /* MODEL_IMAGE */
	const char *architecture, *variant; /* as OCI has them; variant "" for none */
	bool is_host;			    /* what manifest.json of an archive is about */
	const char *os;			    /* NULL: linux */
	const struct buf *config;	    /* instead of its own; NULL: that */
	const char *const *tags;	    /* "name:tag" or a tag alone; not for an index's images */
	size_t n_tags;
};

struct oci_index {
	const struct oci_image *images;
	size_t n;
	const char *const *tags; /* "name:tag" or a tag alone; none: the index has no name */
	size_t n_tags;
	const char *const *annotations; /* "KEY=VALUE" of the index */
	size_t n_annotations;
};

/* The platform as the image's own config has it; none where that has no architecture. */
void oci_use_label(struct oci_image *image);
/* What an index calls a variant, in Docker's words: arm64 is v8 without saying so. */
const char *oci_variant(const struct platform *platform);
/* What an index says of a document below it. Borrowed. */
struct oci_entry {
	const char *type, *digest;
	uint64_t size;
	const struct oci_image *image; /* whose platform it tells; NULL: of none */
};
/*
 * Adds an entry to the text of an index, which begins with its first one and is to be ended with "]}". name, which may
 * be NULL, is a tag, or a whole name with one.
 */
void oci_add_entry(struct buf *index, const struct oci_entry *entry, const char *name);
/*
 * Writes one image for all of the platforms: manifests and blobs that are OCI's already stay byte for byte, a
 * docker-archive's image gets a manifest. Each blob is checked against its digest. All names lead to one digest,
 * ret_digest. The outlet is ended. 0 or -errno with e set: -EBADMSG for a blob that is damaged or missing.
 */
int oci_write_index(const struct oci_index *index, struct outlet *outlet, char ret_digest[DIGEST_TEXT], struct err *e);
/*
 * Writes images, each with an entry of index.json for each of its names; blobs and errors as above. A platform without
 * an architecture is left out of its entries.
 */
int oci_write_images(const struct oci_image *images, size_t n, struct outlet *outlet, struct err *e);
