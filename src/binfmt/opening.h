/* SPDX-License-Identifier: MIT */
/* Opening the table for register: in place, pinned or through the host, as it lasts longest. */
#pragma once

#include "binfmt/items.h"

/* Opens or mounts it in the way that is asked for, and notes in the report which and whether it lasts. -errno with e.
 */
int opening_open(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *ret, struct err *e);
/*
 * Before the first handler is written: pins where that is the way, else goes through a mount in the host's namespace,
 * else notes that the handlers do not last. -EOPNOTSUPP where pinning was asked for and is impossible.
 */
int opening_pin(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *instance, struct err *e);
