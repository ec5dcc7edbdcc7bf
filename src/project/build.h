/* SPDX-License-Identifier: MIT */
/* A project built: an image for each platform, each checked, and one name for all of them. */
#pragma once

#include "project/flow.h"

/*
 * Checks everything that can be checked before, also that base images are there, then builds each platform; one that
 * fails hinders no other, but the name for all. Each image has to be what it is called. 0; -EBADMSG when some platform
 * failed, its item telling why; else -errno, and nothing was pushed under the name for all. ret is freed by
 * build_done() in any case.
 */
int build_run(const struct build_request *request, struct build *ret, struct err *e);
void build_done(struct build *build);
