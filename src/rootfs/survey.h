/* SPDX-License-Identifier: MIT */
/* What a root file system is made of. */
#pragma once

#include "emulator/content.h"

enum { SURVEY_DEPTH_MAX = 256 };

/*
 * Looks at the directory root as it would be after chroot: at the files that tell what a system is, with
 * count_all at every file (links are not followed, nothing outside is reached, other mounts below are
 * included). Unreadable places are passed over and counted in *ret_skipped. ret is to be freed with
 * content_done() also on failure. -EINTR after a signal.
 */
int survey_root(int root, bool count_all, struct content *ret, unsigned long *ret_skipped, struct err *e);
