/* SPDX-License-Identifier: MIT */
/* Every layer that some image of a bundle names, read once. */
#pragma once

#include "image/layer.h"
#include "image/view.h"

struct store {
	const struct bundle *bundle;
	const char **names; /* borrowed */
	struct layer *layers;
	struct store_file { /* what is known of a layer's file when it is closed again */
		bool is_here;
		uint64_t size;
	} * files;
	size_t n;
	bool are_blobs;	 /* OCI's, whose names are their digests */
	char **programs; /* names of files that are looked into besides those of shells and the like */
	size_t n_programs;
};

/* Adds a layer by the name of its member, which is borrowed, unless it is there. Its number. */
size_t store_add(struct store *store, const char *name);
/* The number of a layer that was added. */
size_t store_find(const struct store *store, const char *name);
/* Reads all of them, side by side. A layer that cannot be read has_failed; one may be missing. 0 or -errno with e set.
 */
int store_read(struct store *store, struct err *e);
/*
 * Looks into the program that a path of a view of these layers leads to, where its own name did not tell that it
 * matters: a hard link's target, a link's. The layer is read again. 0 or -errno with e set.
 */
int store_look(struct store *store, const struct view *view, const char *path, struct err *e);
void store_done(struct store *store);
