/* SPDX-License-Identifier: MIT */
/* Surveys a root file system: platform, distribution, emulators, programs. */
#pragma once

#include "emulator/content.h"

enum { SURVEY_DEPTH_MAX = 256 };

/*
 * Examines the directory root as after chroot: the files that identify a system, or with count_all every file (symlinks
 * are not followed, nothing outside is reached, other mounts below are included). Unreadable files are skipped and
 * counted in *ret_skipped. 0, or -EINTR after a signal; free ret with content_done() in both cases.
 */
int survey_root(int root, bool count_all, struct content *ret, unsigned long *ret_skipped, struct err *e);
