/* SPDX-License-Identifier: MIT */
/* Temporary files for copies of images and layers. */
#pragma once

/* $TMPDIR, else /var/tmp, as /tmp may be in memory. Borrowed. */
const char *image_tmpdir(void);
/*
 * Opens an unnamed file in it. If that fails and $TMPDIR is unset, as in a container without /var/tmp, uses /tmp, else
 * memory. The descriptor or -errno.
 */
int image_tmpfile(void);
