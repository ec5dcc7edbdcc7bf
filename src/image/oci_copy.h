/* SPDX-License-Identifier: MIT */
/* Copies a complete OCI image between layout and archive. */
#pragma once

#include "image/model.h"
#include "image/outlet.h"

/* New names for the image, which must be the single entry of index.json, such as a multi-platform index. */
struct oci_names {
	const char *const *tags;
	size_t n; /* 0: keep the names */
};

/*
 * Copies everything reachable from index.json byte for byte, including indexes and attestations; missing blobs, such as
 * foreign layers, are skipped. From archive to archive, manifest.json is copied, too, unless the image is renamed. Ends
 * the outlet. 0 or -errno with e set.
 */
int oci_copy(const struct bundle *bundle, const struct oci_names *names, struct outlet *outlet, struct err *e);
