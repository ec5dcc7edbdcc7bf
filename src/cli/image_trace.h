/* SPDX-License-Identifier: MIT */
/* What later layers have of native tools, which would stay in an image when those go. */
#pragma once

#include "cli/image_work.h"

/*
 * Whether an image is without a trace of the tools in the flagged layers when those go. -EBADMSG when a later layer has
 * changed, hidden or added something in their directory: no layer of others is changed.
 */
int image_trace_check(struct image_work *w, const struct model_image *image, const struct view *view, const bool *flags);
