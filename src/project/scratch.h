/* SPDX-License-Identifier: MIT */
/* A directory of ours for what is only needed meanwhile. */
#pragma once

#include "base/err.h"

/*
 * Makes one, for its owner only, in dir; dry: only the name that it would have. Its path, owned; NULL with e set.
 * Engines take no path with ':' in it, so that is refused (-EINVAL).
 */
char *scratch_make(const char *dir, bool dry, struct err *e);
/* Removes it with all that is in it, links as such. Needs no memory. NULL is fine. */
void scratch_remove(const char *path);
