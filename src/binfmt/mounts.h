/* SPDX-License-Identifier: MIT */
/* Queries of the mount table. */
#pragma once

#include "base/defs.h"

/* Target of the newest binfmt_misc mount of this mount namespace. Owned; NULL if there is none. */
char *mounts_find_binfmt(void);
/* Whether / is the root of its file system, not a subdirectory that could be removed. False also if unknown. */
bool mounts_root_is_whole(void);
