/* SPDX-License-Identifier: MIT */
/* An image's config with a layer more or less, and the mark by which ours is known again. */
#pragma once

#include "image/graft.h"

/*
 * The text of a config with the layer on top: its diff_id, and an entry of the history where there is one
 * (image-spec config.md), whose comment is the mark: "anyarch-inject 1 DIFF_ID DIGEST", DIGEST being that of the config
 * as it was. A layer that hides an emulator gets no mark. -EBADMSG when there is no list of diff_ids.
 */
int config_append(const struct buf *text, const struct graft *graft, struct buf *out, struct err *e);
/*
 * The text without the topmost layer when that has our mark, which is believed only when the digest in it comes out. 1,
 * 0 when the topmost layer is not ours, -errno.
 */
int config_drop(const struct buf *text, struct buf *out, struct err *e);
/* Layers of a config from the bottom to the top, a flag for each. Borrowed. */
struct config_layers {
	bool *flags;
	/*
	 * Those that are known to be ours by what they hold, NULL for none: they need no mark where the history does
	 * not reach down to them, as that of an image that was built on one without.
	 */
	const bool *known;
	size_t n;
};

/* Of the layers that are flagged those that have a mark for themselves; other flags are reset. How many, -errno. */
int config_find_marked(const struct buf *text, const struct config_layers *layers, struct err *e);
/*
 * The text without those layers, and without their entries of the history: 1; 0 for none; -errno.
 */
int config_drop_below(const struct buf *text, const struct config_layers *layers, struct buf *out, struct err *e);

/* What builders write of the image that they began from ("FROM NAME", a comment), and what it is to be instead.
 * Borrowed. */
struct config_base {
	const char *from, *to;
};
/* The text in which the history names other bases. */
void config_rename_bases(const struct buf *text, const struct config_base *bases, size_t n, struct buf *out);
