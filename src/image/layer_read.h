/* SPDX-License-Identifier: MIT */
/* What a layer holds, read once from its tar without unpacking it. */
#pragma once

#include "image/layer.h"
#include "image/tar_read.h"

/* What is to be read: a member of the image, and the digest that its bytes are to have, "" where nothing says so. */
struct layer_source {
	struct member member;
	char digest[DIGEST_TEXT];
	const char *const *programs; /* names of files that are to be looked into, too */
	size_t n_programs;
};

/*
 * Reads one layer, whatever it is compressed with. Programs whose names tell that they matter (shells, package
 * managers, emulators) are looked into on the way. What is compressed is read whole, and its digest checked; of what is
 * not only the headers are read. -EBADMSG, -E2BIG.
 */
int layer_read(const struct layer_source *source, struct layer *ret, struct err *e);
/* Reads it again, and looks into the programs that are wanted. 0 or -errno with e set. */
int layer_look_again(const struct layer_source *source, struct layer *layer, struct err *e);
/* One reading of a layer's members, whatever it is for. */
struct layer_walk {
	int (*each)(void *context, struct tar_reader *reader, struct err *e); /* 0 or -errno, which ends it */
	void *context;
	const char *codec; /* out */
};

/* Shows each member in its order. What is compressed is read whole and its digest checked, as above; so are the errors.
 */
int layer_walk(const struct layer_source *source, struct layer_walk *walk, struct err *e);
/* Reads several at once, side by side on the cores there are; each has its own err. */
void layer_read_all(const struct layer_source *sources, struct layer *layers, size_t n);
