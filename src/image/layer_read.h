/* SPDX-License-Identifier: MIT */
/* Reads a layer's entries from its tar, without unpacking it. */
#pragma once

#include "image/layer.h"
#include "image/tar_read.h"

/* A layer to be read: a member of the image, and the expected digest of its bytes, "" if unknown. */
struct layer_source {
	struct member member;
	char digest[DIGEST_TEXT];
	const char *const *programs; /* base names of additional programs to be examined */
	size_t n_programs;
};

/*
 * Reads one layer with any supported compression. Examines programs with well-known names (shells, package managers,
 * emulators) on the way. A compressed layer is read completely and its digest verified; of an uncompressed one, mostly
 * headers are read. 0, -EBADMSG, -E2BIG or -errno, with e set.
 */
int layer_read(const struct layer_source *source, struct layer *ret, struct err *e);
/* Reads the layer again and examines programs with is_wanted. 0 or -errno with e set. */
int layer_look_again(const struct layer_source *source, struct layer *layer, struct err *e);
/* A pass over a layer's members. */
struct layer_walk {
	int (*each)(void *context, struct tar_reader *reader, struct err *e); /* 0, or -errno to end the pass */
	void *context;
	const char *codec; /* out */
};

/* Calls each() for every member in order. Verification of the digest and errors as for layer_read(). */
int layer_walk(const struct layer_source *source, struct layer_walk *walk, struct err *e);
/* Reads n layers in parallel, on all cores. On failure, a layer has has_failed and err. */
void layer_read_all(const struct layer_source *sources, struct layer *layers, size_t n);
