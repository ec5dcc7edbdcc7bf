/* SPDX-License-Identifier: MIT */
/* Native tools for one image of a file: which, and the layer with them. */
#pragma once

#include "accel/twins.h"
#include "cli/image_work.h"

struct image_tools {
	const struct toolchain *toolchain; /* borrowed */
	struct twins twins;
	bool is_there; /* just these are in it already, in a layer that is not the topmost one */
};

/*
 * Looks for the tools of an image that have an equal; view is what is below a layer of ours, and complete. 0, also when
 * there are none: then change->tools stays NULL, and why is remembered or told. -EBADMSG when a layer cannot be read,
 * -errno.
 */
int image_tools_find(struct image_work *w, const struct image_facts *facts, const struct view *view,
	const struct platform *platform, struct image_change *change);
/* graft_make() with the tools, where there are any. */
int image_tools_graft(struct image_work *w, struct graft_request *request, struct image_change *change);
/* That no image could be accelerated is an error; which ones could not is said. 0 or -EBADMSG with e set. */
int image_tools_settle(struct image_work *w);
