/* SPDX-License-Identifier: MIT */
/* Opens the table for register by the method that makes handlers last longest: in place, pinned or through the host. */
#pragma once

#include "binfmt/items.h"

/* Opens or mounts the table by the requested method; sets report's lasting, lasts and not_lasting. -errno with e. */
int opening_open(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *ret, struct err *e);
/*
 * To be called before the first write. Starts pinning if that is the method. If pinning fails, mounts in the host's
 * namespace or records that handlers do not last; -EOPNOTSUPP if pinning was requested explicitly.
 */
int opening_pin(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *instance, struct err *e);
