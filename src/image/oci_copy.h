/* SPDX-License-Identifier: MIT */
/* All of an OCI image in another wrapping: a layout, or an archive. */
#pragma once

#include "image/model.h"
#include "image/outlet.h"

/* New names of what is copied: it has to be one entry of index.json, as an image for several platforms is. */
struct oci_names {
	const char *const *tags;
	size_t n; /* 0: names stay as they are */
};

/*
 * Copies all that index.json of a layout or archive leads to, byte for byte, indexes and attestations included; blobs
 * that are not here, as foreign layers may be, are left out. A dual archive's manifest.json comes along where it goes
 * to an archive. 0 or -errno with e set.
 */
int oci_copy(const struct bundle *bundle, const struct oci_names *names, struct outlet *outlet, struct err *e);
