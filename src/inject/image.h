/* SPDX-License-Identifier: MIT */
/* State of one run over an image file: the request, what the file contains, the planned changes. */
#pragma once

#include "accel/image.h"
#include "image/edit.h"
#include "image/facts.h"
#include "image/image_name.h"
#include "inject/work.h"

/* An image to be changed. */
struct image_change {
	struct graft graft;
	const struct arch *arch;
	char *place;
	bool replaces;		   /* inject: an injected layer is removed */
	struct accel_image *tools; /* native tools added with the emulator; NULL: none */
	bool had_tools;		   /* eject: a removed layer contains native tools */
};

struct image_work {
	struct inject_target *target;
	const struct inject_options *options;
	struct image_name name;
	char *real; /* path of the archive */
	int file;   /* the layout's directory or the archive, locked */
	int blobs;  /* blobs directory of a layout to be changed; -1: none */
	bool is_directory;
	struct bundle *bundle;
	struct image_report report;
	struct image_change changes[MODEL_IMAGES_MAX];
	struct edit_target targets[MODEL_IMAGES_MAX];
	size_t n;
	bool has_named;			  /* an image has the requested reference */
	size_t n_accelerated, n_emulated; /* with --accelerate: images that get native tools, and that do not */
	struct err why;			  /* why the first of n_emulated gets none */
	bool has_left;			  /* an image is left unchanged, and the report says why */
	struct err *e;
};

/* Callback of image_look_each(): plans the change of one image. 0 or -errno with e set. */
int image_plan_look(struct image_facts *facts, const struct view *view, void *context);
/* Plans which layers one image loses. 0 or -errno with e set. */
int image_take_look(struct image_work *w, const struct image_facts *facts, const struct view *view);
/* Notes which images get no native tools. 0, or -EBADMSG with e set if none of those that need them gets any. */
int image_settle_tools(struct image_work *w);
/* Reports the result for an image; the report owns the change's place afterwards. */
void image_tell(struct image_work *w, struct image_change *change, enum inject_result result);

/* Whether a layer's path equals place or is below it. */
bool image_ours_is_at(const char *path, const char *place);
/*
 * The emulator's path in a layer such as inject creates: directories, one program, and optionally native tools with
 * their index; no later member of the same name replaces the program. Else NULL. Does not check the history's mark.
 */
const char *image_ours_emulator(const struct layer *layer);
bool image_ours_has_tools(const struct layer *layer);
/*
 * Checks that removing the flagged layers leaves no trace of their tools. -EBADMSG with e set if a later layer changed,
 * hid or added something in the tools' directory: layers of other programs are never changed.
 */
int image_ours_check_traces(
	struct image_work *w, const struct model_image *image, const struct view *view, const bool *flags);
