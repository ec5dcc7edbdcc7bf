/* SPDX-License-Identifier: MIT */
/* Writes images of any format as new ones: an archive of docker save, an OCI layout or archive. */
#pragma once

#include "arch/name.h"
#include "image/model.h"
#include "image/outlet.h"

/* An image to be written. Pointers are borrowed. */
struct write_image {
	const struct bundle *bundle;
	const struct model_image *image; /* MODEL_IMAGE */
	/* Its platform, in OCI's names. NULL: its index entry has none; variant "": none; os NULL: linux. */
	const char *architecture, *variant, *os;
	bool relabels;		 /* the platform also replaces that in the config */
	bool is_host;		 /* for this machine: list it in an archive's manifest.json */
	const char *const *tags; /* "name:tag" or, for OCI, a tag alone; unused for images of an index */
	size_t n_tags;
};

struct write_index {
	const struct write_image *images;
	size_t n;
	const char *const *tags; /* "name:tag" or a tag alone; none: the index has no name */
	size_t n_tags;
	const char *const *annotations; /* of the index, "KEY=VALUE" */
	size_t n_annotations;
};

/* New names for the image that is the single entry of index.json, such as a multi-platform index. */
struct write_names {
	const char *const *tags;
	size_t n; /* 0: keep the names */
};

/* Sets the platform to that of the image's config; none if that has no architecture. */
void write_use_label(struct write_image *image);
/* The variant's name in an index, normalized as by Docker: "" for arm64's v8. */
const char *write_variant(const struct platform *platform);
/* The config as it is written, after verifying its digest: byte for byte, except for a new label. */
int write_config(const struct write_image *image, struct buf *out, struct err *e);

/*
 * The functions below verify the digest of every blob, and end the outlet. 0 or -errno with e set: -EBADMSG for a
 * damaged blob or a layer that does not match the config, -ENOENT for a missing one.
 *
 * docker_write() writes an archive that old and new engines load, and that Docker's classic builder accepts as a base
 * image: layers are uncompressed. Temporary files need room for one of them.
 */
int docker_write(const struct write_image *image, struct outlet *outlet, struct err *e);
/*
 * Writes one image for all platforms: OCI manifests and blobs are copied byte for byte, an image of a docker-archive
 * gets a new manifest. All names refer to the index with ret_digest.
 */
int oci_write_index(
	const struct write_index *index, struct outlet *outlet, char ret_digest[DIGEST_TEXT], struct err *e);
/* Writes separate images, with an entry of index.json for each name of each image. */
int oci_write_images(const struct write_image *images, size_t n, struct outlet *outlet, struct err *e);
/*
 * Copies everything reachable from index.json byte for byte, including indexes and attestations; missing blobs, such as
 * foreign layers, are skipped. From archive to archive, manifest.json is copied, too, unless the image is renamed.
 */
int oci_copy(const struct bundle *bundle, const struct model *model, const struct write_names *names,
	struct outlet *outlet, struct err *e);
