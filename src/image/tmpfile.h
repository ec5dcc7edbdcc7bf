/* SPDX-License-Identifier: MIT */
/* Where large copies of images and of their parts go while they are read and written. */
#pragma once

/* $TMPDIR, else /var/tmp, which is on a disk: borrowed. */
const char *image_tmpdir(void);
/*
 * A file without a name in a directory; when that is not $TMPDIR and has no room for one, as in a container without
 * any, in /tmp or in memory. -errno.
 */
int image_tmpfile(const char *dir);
