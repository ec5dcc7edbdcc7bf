/* SPDX-License-Identifier: MIT */
/* An image's config with a layer more or less, and the mark by which ours is known again. */
#pragma once

#include "image/graft.h"

struct json;

/* Whether the topmost layer has our mark. What it says is not proven by that: see config_drop(). */
bool config_is_marked(const struct json *config);
/*
 * The text of a config with the layer on top: its diff_id, and an entry of the history where there is one
 * (image-spec config.md), whose comment is the mark: "anyarch-inject 1 DIFF_ID DIGEST", DIGEST being that of the config
 * as it was. A layer that hides an emulator gets no mark. -EBADMSG when there is no list of diff_ids.
 */
int config_append(const char *text, size_t len, const struct graft *graft, struct buf *out, struct err *e);
/*
 * The text without the topmost layer when that has our mark, which is believed only when the digest in it comes out. 1,
 * 0 when the topmost layer is not ours, -errno.
 */
int config_drop(const char *text, size_t len, struct buf *out, struct err *e);
/*
 * Of the layers that are flagged those that have a mark for themselves; other flags are taken back. known, which may be
 * NULL, has a flag for each layer that is known to be ours by what it holds: that one needs no mark where the history
 * does not reach down to it, as that of an image that was built on one without. How many, -errno.
 */
int config_find_marked(const char *text, size_t len, bool *flags, const bool *known, size_t n, struct err *e);
/* What builders write of the image that they began from ("FROM NAME", a comment), and what it is to be instead.
 * Borrowed. */
struct config_base {
	const char *from, *to;
};

/*
 * The text without layers of ours wherever they are, with their entries of the history: of those flagged in drops (one
 * flag for each layer) the ones that have a mark for themselves, or need none as above; the flags of others are taken
 * back. 1, 0 for none, -errno.
 */
int config_drop_below(
	const char *text, size_t len, bool *drops, const bool *known, size_t n, struct buf *out, struct err *e);
/* The text in which the history names other bases. */
void config_rename_bases(const char *text, size_t len, const struct config_base *bases, size_t n, struct buf *out);
