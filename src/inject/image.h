/* SPDX-License-Identifier: MIT */
/* The work on one file of images: what was asked for, what was found in it, and what is to become of it. */
#pragma once

#include "accel/image.h"
#include "image/edit.h"
#include "image/facts.h"
#include "image/image_name.h"
#include "inject/work.h"

/* One image that is to be changed. */
struct image_change {
	struct graft graft;
	const struct arch *arch;
	char *place;
	bool *flags, *known;	   /* of eject: one for each layer; known: ours by what it holds */
	struct accel_image *tools; /* that come with the emulator; NULL: none */
	bool had_tools;		   /* of eject: they go with it */
};

struct image_work {
	struct inject_target *target;
	const struct inject_options *options;
	struct image_name name;
	char *real; /* path of the archive */
	int file;   /* the layout's directory or the archive, locked */
	int blobs;  /* of a layout that is to be changed; -1: none */
	bool is_directory;
	struct bundle *bundle;
	struct image_report report;
	struct image_change changes[MODEL_IMAGES_MAX];
	struct edit_target targets[MODEL_IMAGES_MAX];
	size_t n;
	bool has_named;			  /* an image has the reference that was asked for */
	size_t n_accelerated, n_emulated; /* with --accelerate: images with native tools, and without */
	struct err why;			  /* the first one has none */
	bool has_left;			  /* an image stays as it is, and the report says why */
	struct err *e;
};

/* For image_look_each(): works out what one image gets or loses. 0 or -errno with e set. */
int image_plan_look(struct image_facts *facts, const struct view *view, void *context);
/* What one image loses. */
int image_take_look(struct image_work *w, const struct image_facts *facts, const struct view *view);
/* That no image could be accelerated is an error; which ones could not is noted. 0 or -EBADMSG with e set. */
int image_settle_tools(struct image_work *w);
