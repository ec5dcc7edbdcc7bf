/* SPDX-License-Identifier: MIT */
/* The merged view of an image's layers: symlinks, whiteouts, opaque directories. */
#pragma once

#include "image/layer.h"

enum { VIEW_LINKS_MAX = 40, VIEW_PATH_MAX = 4096 };

/* Layers from the bottom to the top, borrowed. */
struct view {
	const struct layer *const *layers;
	size_t n;
	char *starts[2]; /* paths of programs that the image starts; NULL: none; owned by the caller */
};

struct view_hit {
	const struct layer *layer;
	const struct layer_entry *entry;
};

struct view_directory {
	const struct layer *layer;
	const struct layer_directory *directory;
};

/* Whether no layer above layers[i] hides its entry for this path. */
bool view_is_visible(const struct view *view, size_t i, const char *path);
/*
 * Resolves a path as after chroot: symlinks in every component, hard links, ".." confined to the root. resolved
 * receives the resulting path. 0, -ENOENT, -ELOOP, -ENAMETOOLONG.
 */
int view_resolve(const struct view *view, const char *path, struct view_hit *ret, char resolved[VIEW_PATH_MAX]);
/* The topmost visible entry for a path whose components are not symlinks. Implied parent directories have entries. */
bool view_find(const struct view *view, const char *path, struct view_hit *ret);
/*
 * The path at which a new file would be created: the directory with symlinks resolved as above, and the unchanged name.
 * Missing directories are kept. 0, -ENOTDIR, -ENOENT for ".." after a missing directory, -ELOOP, -ENAMETOOLONG.
 */
int view_place(const struct view *view, const char *path, char resolved[VIEW_PATH_MAX]);
/* Attributes of the directory path[0..len], which has no symlinks; false if no layer has an entry with attributes. */
bool view_directory(const struct view *view, const char *path, size_t len, struct view_directory *ret);
/*
 * Determines the view's content, as for a root file system. *work bounds the effort for all images of a file; it starts
 * at 0. 0, or -E2BIG over the limit; content_done() frees ret.
 */
int view_content(const struct view *view, uint64_t *work, struct content *ret);
