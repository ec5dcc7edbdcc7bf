/* SPDX-License-Identifier: MIT */
/* Writes new OCI images: one multi-platform index, or separate images. */
#pragma once

#include "arch/name.h"
#include "image/model.h"
#include "image/outlet.h"

/* An image to be written, and its index entry. Pointers are borrowed. */
struct oci_image {
	const struct bundle *bundle;
	const struct model_image *image;    /* MODEL_IMAGE */
	const char *architecture, *variant; /* OCI's names; variant "": none */
	bool is_host;			    /* for this machine: list it in an archive's manifest.json */
	const char *os;			    /* NULL: linux */
	const struct buf *config;	    /* new config; NULL: keep the image's own */
	const char *const *tags;	    /* "name:tag" or a tag alone; unused for images of an index */
	size_t n_tags;
};

struct oci_index {
	const struct oci_image *images;
	size_t n;
	const char *const *tags; /* "name:tag" or a tag alone; none: the index has no name */
	size_t n_tags;
	const char *const *annotations; /* of the index, "KEY=VALUE" */
	size_t n_annotations;
};

/* Sets the platform to that of the image's config; none if that has no architecture. */
void oci_use_label(struct oci_image *image);
/* The variant's name in an index, normalized as by Docker: "" for arm64's v8. */
const char *oci_variant(const struct platform *platform);
/* An index entry. Pointers are borrowed. */
struct oci_entry {
	const char *type, *digest;
	uint64_t size;
	const struct oci_image *image; /* source of the platform; NULL: none */
};
/*
 * Appends an entry to the text of an index; the first entry also writes its beginning, the caller appends "]}" at the
 * end. name is a tag, a full name with a tag, or NULL.
 */
void oci_add_entry(struct buf *index, const struct oci_entry *entry, const char *name);
/*
 * Writes one image for all platforms: OCI manifests and blobs are copied byte for byte, an image of a docker-archive
 * gets a new manifest. Every blob's digest is verified. All names refer to the index with ret_digest. Ends the outlet.
 * 0 or -errno with e set: -EBADMSG for a damaged blob, -ENOENT for a missing one.
 */
int oci_write_index(const struct oci_index *index, struct outlet *outlet, char ret_digest[DIGEST_TEXT], struct err *e);
/*
 * Writes separate images, with an entry of index.json for each name of each image; blobs and errors as above. Entries
 * of an image without an architecture have no platform.
 */
int oci_write_images(const struct oci_image *images, size_t n, struct outlet *outlet, struct err *e);
