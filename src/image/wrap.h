/* SPDX-License-Identifier: MIT */
/* Images in another wrapping of OCI's: a layout, or an archive. */
#pragma once

#include "image/index.h"

/* One image, and its names: "name:tag" or a tag alone. */
struct wrap_image {
	struct index_image image; /* is_host: manifest.json of an archive has it, too */
	const char *const *tags;
	size_t n_tags;
};

/*
 * Writes images, each with an entry of index.json for each of its names. What is OCI's already stays byte for byte, but
 * for a config that is given; images of docker-archives get manifests. 0 or -errno with e set: -EBADMSG for a blob that
 * is damaged or missing.
 */
int wrap_images(const struct wrap_image *images, size_t n, struct outlet *outlet, struct err *e);
/*
 * Copies all that index.json of a layout or archive leads to, byte for byte, indexes and attestations included; blobs
 * that are not here, as foreign layers may be, are left out. A dual archive's manifest.json comes along where it goes
 * to an archive. 0 or -errno with e set.
 */
int wrap_all(const struct bundle *bundle, struct outlet *outlet, struct err *e);
