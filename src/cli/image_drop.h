/* SPDX-License-Identifier: MIT */
/* Which images of a file lose our layers, and what then hides what others have put over them. */
#pragma once

#include "cli/image_work.h"

/* For image_work_look(): works out what one image loses. 0 or -errno with e set. */
int image_drop_look(struct image_work *w, const struct image_facts *facts, const struct view *view);
