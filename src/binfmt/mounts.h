/* SPDX-License-Identifier: MIT */
/* Where binfmt_misc is mounted, asked from libmount. */
#pragma once

#include "base/defs.h"

/* Target of the newest binfmt_misc mount of this mount namespace. Owned text; NULL when there is none. */
char *mounts_find_binfmt(void);
