/* SPDX-License-Identifier: MIT */
/* Native tools for one image: which, and the layer with them. */
#pragma once

#include "accel/toolchains.h"
#include "image/bundle.h"
#include "image/graft.h"
#include "image/view.h"

/* What an image gets. Zeroed but for the toolchain. */
struct accel_image {
	const struct toolchain *toolchain; /* borrowed */
	struct twins twins;
	bool is_there; /* just these are in it already, in a layer that is not the topmost one */
};

/* An image's layers, borrowed: view is what is below a layer of ours, and complete. */
struct accel_image_source {
	const struct bundle *bundle;
	const struct view *view;
	char *const *layers; /* their names in the bundle */
	bool are_blobs;	     /* OCI's, whose names are their digests */
};

/* Looks for the tools of the image that have an equal; that there is none is no error. -EBADMSG when a layer cannot be
 * read, -errno. */
int accel_image_find(const struct accel_image_source *source, struct accel_image *ret, struct err *e);
/*
 * graft_make() with the tools; NULL: without any. With tools the layer is stored at once, in $TMPDIR unless the request
 * has a place: -EIO when it cannot be.
 */
int accel_image_graft(const struct accel_image *tools, struct graft_request *request, struct graft *ret, struct err *e);
/* A copy of what became of each tool; owned. */
struct twins *accel_image_twins(const struct accel_image *tools);
