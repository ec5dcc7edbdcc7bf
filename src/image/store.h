/* SPDX-License-Identifier: MIT */
/* All layers of a bundle's images, each read once. */
#pragma once

#include "image/layer.h"
#include "image/view.h"

struct store {
	const struct bundle *bundle;
	const char **names; /* borrowed */
	struct layer *layers;
	struct store_file { /* facts about a layer's member, which is closed after reading */
		bool is_here;
		uint64_t size;
	} * files;
	size_t n;
	bool are_blobs;	 /* OCI blobs, whose names are their digests */
	char **programs; /* as in struct layer_source; owned */
	size_t n_programs;
};

/* Adds a layer by its member name, which is borrowed, unless present. Returns its index. */
size_t store_add(struct store *store, const char *name);
/* The index of an added layer; n if there is none. */
size_t store_find(const struct store *store, const char *name);
/* Reads all layers in parallel. An unreadable layer has_failed; missing ones are allowed. 0 or -errno with e set. */
int store_read(struct store *store, struct err *e);
/*
 * Examines the program that a path in a view of these layers resolves to, unless that was done: a symlink or hard link
 * may lead to a program with any name. Reads its layer again. 0 or -errno with e set.
 */
int store_look(struct store *store, const struct view *view, const char *path, struct err *e);
void store_done(struct store *store);
