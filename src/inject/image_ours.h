/* SPDX-License-Identifier: MIT */
/* Layers of ours by what they hold, and what later layers have of that. */
#pragma once

#include "inject/image.h"

/* Whether a path of a layer is this place or below it. */
bool image_ours_is_at(const char *path, const char *place);
/*
 * Where a layer has its emulator, when it has only directories, one program and native tools with their index, as
 * inject makes them, and no later member of the same name replaces the program; NULL. The mark is looked for elsewhere.
 */
const char *image_ours_emulator(const struct layer *layer);
bool image_ours_has_tools(const struct layer *layer);
/*
 * Whether an image is without a trace of the tools in the flagged layers when those go. -EBADMSG when a later layer has
 * changed, hidden or added something in their directory: no layer of others is changed.
 */
int image_ours_check_traces(
	struct image_work *w, const struct model_image *image, const struct view *view, const bool *flags);
