/* SPDX-License-Identifier: MIT */
/* What a path is after all layers: links, whiteouts, opaque directories. */
#pragma once

#include "image/layer.h"

enum { VIEW_LINKS_MAX = 40, VIEW_PATH_MAX = 4096 };

/* Layers from the bottom to the top, borrowed. */
struct view {
	const struct layer *const *layers;
	size_t n;
	char *starts[2]; /* paths of programs that the image starts; NULL: none */
};

struct view_hit {
	const struct layer *layer;
	const struct layer_entry *entry;
};

struct view_directory {
	const struct layer *layer;
	const struct layer_directory *directory;
};

/* Whether the entry of layers[i] for this path is still there under the layers above it. */
bool view_is_visible(const struct view *view, size_t i, const char *path);
/*
 * Resolves a path as after chroot: symbolic links in every component, hard links, ".." stops at the root. resolved
 * receives the path that it leads to. 0, -ENOENT, -ELOOP, -ENAMETOOLONG.
 */
int view_resolve(const struct view *view, const char *path, struct view_hit *ret, char resolved[VIEW_PATH_MAX]);
/* The top-most entry at a path without links in it, its parents included where only their members tell of them. */
bool view_find(const struct view *view, const char *path, struct view_hit *ret);
/*
 * Where a new file of this path comes to lie: its directory with all links resolved as above, and its name as it is.
 * Directories that are not there stay in the path. 0, -ENOTDIR, -ENOENT for ".." behind one that is not there, -ELOOP,
 * -ENAMETOOLONG.
 */
int view_place(const struct view *view, const char *path, char resolved[VIEW_PATH_MAX]);
/* What the directory path[0..len], without links in it, has for attributes; false where no entry says so. */
bool view_directory(const struct view *view, const char *path, size_t len, struct view_directory *ret);
/*
 * What the view is made of, judged as a root file system is. work counts over all images of a file, from 0.
 * 0, -E2BIG; content_done() frees.
 */
int view_content(const struct view *view, uint64_t *work, struct content *ret);
