/* SPDX-License-Identifier: MIT */
/* All of an OCI image in another wrapping: a layout, or an archive. */
#pragma once

#include "image/model.h"
#include "image/outlet.h"

/*
 * Copies all that index.json of a layout or archive leads to, byte for byte, indexes and attestations included; blobs
 * that are not here, as foreign layers may be, are left out. A dual archive's manifest.json comes along where it goes
 * to an archive. 0 or -errno with e set.
 */
int oci_copy(const struct bundle *bundle, struct outlet *outlet, struct err *e);
