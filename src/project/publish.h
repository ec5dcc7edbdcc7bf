/* SPDX-License-Identifier: MIT */
/* One name for all platforms of a project: the index, and where it goes. */
#pragma once

#include "project/flow.h"

/* The index under all names, to the file that was asked for, and to the registry. 0 or -errno with e set. */
int publish(const struct flow *f, struct err *e);
