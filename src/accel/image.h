/* SPDX-License-Identifier: MIT */
/* Native tools for an image: selects them, and makes the layer with them. */
#pragma once

#include "accel/toolchains.h"
#include "image/bundle.h"
#include "image/graft.h"
#include "image/view.h"

/* The tools for an image. The caller sets toolchain and zeroes the rest. */
struct accel_image {
	const struct toolchain *toolchain; /* borrowed */
	struct twins twins;
	bool is_there; /* a layer below the topmost one has exactly these already */
};

/* An image's layers, borrowed. view is complete, without a top layer of anyarch's own. */
struct accel_image_source {
	const struct bundle *bundle;
	const struct view *view;
	char *const *layers; /* their names in the bundle */
	bool are_blobs;	     /* OCI blobs, named by their digests */
};

/* Finds tools with an identical native one; none is not an error. -EBADMSG if a layer cannot be read, -errno. */
int accel_image_find(const struct accel_image_source *source, struct accel_image *ret, struct err *e);
/*
 * Calls graft_make() with the tools; NULL: without. With tools, stores the layer at once, in $TMPDIR unless the request
 * has a place; -EIO if that fails.
 */
int accel_image_graft(const struct accel_image *tools, struct graft_request *request, struct graft *ret, struct err *e);
/* A copy of the result for each tool; owned. */
struct twins *accel_image_twins(const struct accel_image *tools);
