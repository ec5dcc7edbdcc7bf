/* SPDX-License-Identifier: MIT */
/* What is mounted where, asked from libmount. */
#pragma once

#include "base/defs.h"

/* Target of the newest binfmt_misc mount of this mount namespace. Owned text; NULL when there is none. */
char *mounts_find_binfmt(void);
/*
 * Whether the root directory is the top of its file system, not a directory inside one that somebody
 * may remove. false also when that cannot be found out.
 */
bool mounts_root_is_whole(void);
