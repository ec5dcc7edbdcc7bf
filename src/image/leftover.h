/* SPDX-License-Identifier: MIT */
/* What a killed run leaves in a layout: noted in a file before it is written, removed by the next run. */
#pragma once

#include "image/bundle.h"

struct edit;

/*
 * Notes the blobs that an edit adds or makes obsolete, except those that are there already for others. blobs is the
 * directory with them. 0 or -errno with e set.
 */
int leftover_note(int dir, int blobs, const struct edit *edit, struct err *e);
void leftover_forget(int dir);
/*
 * Removes what killed runs left in the directory of a layout: temporary files, and of the blobs that a note lists those
 * to which index.json does not lead. The caller holds the lock. What cannot be read or removed stays for the next run.
 */
void leftover_sweep(const struct bundle *layout);
