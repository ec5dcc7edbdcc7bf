/* SPDX-License-Identifier: MIT */
/* Builds a project: an image for each platform, checked, and one name for all of them. */
#pragma once

#include "project/flow.h"

/*
 * First checks all that can be checked, including that base images are available, then builds each platform. A failed
 * platform does not stop the others, but prevents the name for all. Each image must have the platform that it is named
 * for. 0; -EBADMSG if a platform failed, with the reason in its item; else -errno, and nothing was pushed under the
 * name for all. ret is always freed by build_done().
 */
int build_run(const struct build_request *request, struct build *ret, struct err *e);
void build_done(struct build *build);
