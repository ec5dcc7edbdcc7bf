/* SPDX-License-Identifier: MIT */
/* What a path is after all layers: links, whiteouts, opaque directories. */
#pragma once

#include "image/layer.h"

enum { VIEW_LINKS_MAX = 40, VIEW_PATH_MAX = 4096 };

/* Layers from the bottom to the top, borrowed. */
struct view {
	const struct layer *const *layers;
	size_t n;
};

struct view_hit {
	const struct layer *layer;
	const struct layer_entry *entry;
};

/* Whether the entry of layers[i] for this path is still there under the layers above it. */
bool view_is_visible(const struct view *view, size_t i, const char *path);
/*
 * Resolves a path as after chroot: symbolic links in every component, hard links, ".." stops at the root. resolved
 * receives the path that it leads to. 0, -ENOENT, -ELOOP, -ENAMETOOLONG.
 */
int view_resolve(const struct view *view, const char *path, struct view_hit *ret,
	char resolved[VIEW_PATH_MAX]);
/*
 * What the view is made of, judged as a root file system is. work counts over all images of a file, from 0.
 * 0, -ENOMEM, -E2BIG; content_done() frees.
 */
int view_content(const struct view *view, uint64_t *work, struct content *ret);
