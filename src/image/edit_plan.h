/* SPDX-License-Identifier: MIT */
/* Plans a change of the images of a bundle. */
#pragma once

#include "image/edit.h"

/*
 * Works out all that changes. Every document that is read is checked as by model_read(), which has to have accepted the
 * bundle. Nothing is written. reference: of the images only under this name (model_is_named()); what others call the
 * same stays as it is. NULL: all; so it is also of archives with both schemas, as the names in the two differ. 0 or
 * -errno.
 */
int edit_plan(const struct bundle *bundle, enum model_format format, struct edit_target *targets, size_t n,
	const char *reference, struct edit *ret, struct err *e);
