/* SPDX-License-Identifier: MIT */
/* What was planned for an image, written: into a layout in place, or as a new archive. */
#pragma once

#include "image/edit.h"

/* Which members something else still needs: they stay. */
struct commit_keep {
	bool (*keep)(const char *name, void *context);
	void *context;
};

/* The directory of a layout's blobs, which may not be reached by links. The descriptor, or -errno with e set. */
int commit_open_blobs(int dir, struct err *e);
/*
 * Into an OCI layout: new blobs first, each under a temporary name until it is on the disk, index.json last and in one
 * step; then blobs that only the old documents needed go. At every moment the layout is the old one or the new one,
 * with perhaps blobs that nothing refers to. 0, -EBUSY when
 * index.json is not what was planned for any more, -EIO or -EINTR, with e set.
 */
int commit_layout(int dir, const struct edit *edit, const struct commit_keep *keep, struct err *e);
/*
 * The whole archive to a file at its position: every byte of it as it is but for the members that change, which stand
 * at its end. Documents from before a layer was added may stay; when they are to come back they are not written again.
 * 0, -EEXIST when something that is needed has the name of what is new, or -errno, with e set.
 */
int commit_archive(
	const struct bundle *bundle, const struct edit *edit, const struct commit_keep *keep, int to, struct err *e);
