/* SPDX-License-Identifier: MIT */
/* The temporary directory of a build. */
#pragma once

#include "base/err.h"

/*
 * Creates it in dir with mode 0700, and removes those that killed runs left there; dry: only composes the name. Returns
 * the path, owned, or NULL with e set. Engines take no path with ':' in it, so that is refused (-EINVAL).
 */
char *scratch_make(const char *dir, bool dry, struct err *e);
/* Removes it recursively; does not follow links. Allocates no memory. path may be NULL. */
void scratch_remove(const char *path);
