/* SPDX-License-Identifier: MIT */
/* Recognizes injected layers by their content, and traces of their tools in later layers. */
#pragma once

#include "inject/image.h"

/* Whether a layer's path equals place or is below it. */
bool image_ours_is_at(const char *path, const char *place);
/*
 * The emulator's path in a layer such as inject creates: directories, one program, and optionally native tools with
 * their index; no later member of the same name replaces the program. Else NULL. Does not check the history's mark.
 */
const char *image_ours_emulator(const struct layer *layer);
bool image_ours_has_tools(const struct layer *layer);
/*
 * Checks that removing the flagged layers leaves no trace of their tools. -EBADMSG with e set if a later layer changed,
 * hid or added something in the tools' directory: layers of other programs are never changed.
 */
int image_ours_check_traces(
	struct image_work *w, const struct model_image *image, const struct view *view, const bool *flags);
