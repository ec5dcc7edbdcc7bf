/* SPDX-License-Identifier: MIT */
/* Adds a layer to an image's config or removes it, and the mark that identifies an injected layer. */
#pragma once

#include "image/graft.h"

/*
 * The config with the layer added: its diff_id, and a history entry if there is a history (image-spec config.md). The
 * entry's comment is the mark: "anyarch-inject 1 DIFF_ID DIGEST", with the digest of the config without the layer. A
 * layer that hides an emulator gets no mark in a history. 0, -EBADMSG without a list of diff_ids, -EEXIST if the config
 * has a member MARK_KEY; e is set.
 */
int config_append(const struct buf *text, const struct graft *graft, struct buf *out, struct err *e);
/*
 * The config without its topmost layer if that has the mark and the result has the digest in the mark. 1, 0 if the
 * topmost layer is not an injected one, -errno with e set.
 */
int config_drop(const struct buf *text, struct buf *out, struct err *e);
/*
 * The config with the emulator's layer added on top. An injected layer that is the topmost one is removed first, so
 * that the mark has the original config's digest: *ret_replaces. 0, -EBADMSG if that layer was changed, or as for
 * config_append(); e is set.
 */
int config_put(const struct buf *text, const struct graft *graft, struct buf *out, bool *ret_replaces, struct err *e);
/* Flags for the layers of a config, from the bottom up. Borrowed. */
struct config_layers {
	bool *flags;
	/*
	 * Layers recognized as injected by their content; NULL: none. They need no mark if the history does not cover
	 * them, as in an image built on one without a history.
	 */
	const bool *known;
	size_t n;
};

/*
 * Clears the flags of layers without a mark of their own. The config without the others and their history entries.
 * Returns how many these are, or -errno with e set.
 */
int config_drop_marked(const struct buf *text, const struct config_layers *layers, struct buf *out, struct err *e);

/* A base image's name in history comments of builders ("FROM NAME"), and the name to replace it with. Borrowed. */
struct config_base {
	const char *from, *to;
};
/* The config with the base images in its history renamed. */
void config_rename_bases(const struct buf *text, const struct config_base *bases, size_t n, struct buf *out);
