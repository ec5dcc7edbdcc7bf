/* SPDX-License-Identifier: MIT */
/* Writes a planned edit: into a layout in place, or as a new archive. */
#pragma once

#include "image/edit.h"

/* Opens a layout's blobs/sha256 without following symlinks. The descriptor, or -errno with e set. */
int commit_open_blobs(int dir, struct err *e);
/*
 * Writes to an OCI layout: new blobs first, each renamed into place once it is on disk, then index.json by an atomic
 * rename; finally removes blobs that only the previous documents referenced. At any time, the layout is the previous or
 * the new one, possibly with unreferenced blobs. 0, -EBUSY if index.json was changed since the edit was planned, -EIO
 * or -EINTR, with e set.
 */
int commit_layout(int dir, const struct edit *edit, struct err *e);
/*
 * Writes the archive to a file at its position: unchanged members byte for byte, changed and new ones at the end.
 * Obsolete documents may be kept when a layer is added, so that eject need not write them again. 0, -EEXIST if a
 * member to be kept has the name of a new one, or -errno, with e set.
 */
int commit_archive(const struct bundle *bundle, const struct edit *edit, int to, struct err *e);
