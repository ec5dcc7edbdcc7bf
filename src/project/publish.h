/* SPDX-License-Identifier: MIT */
/* Publishes one name for all platforms of a project: writes and pushes the index. */
#pragma once

#include "project/flow.h"

/* Checks, before anything is built, that the registry answers. 0, or -errno with e set. */
int publish_check(const struct flow *f, struct err *e);
/* Writes the index with all names to the requested file, and pushes it. 0 or -errno with e set. */
int publish(const struct flow *f, struct err *e);
