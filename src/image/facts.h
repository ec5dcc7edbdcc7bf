/* SPDX-License-Identifier: MIT */
/* What an image is made of: for each of its platforms the label and the files. */
#pragma once

#include "emulator/content.h"
#include "image/image_name.h"
#include "image/view.h"

struct image_facts {
	struct model_image *image; /* inside the report's model */
	struct content content;
	bool has_label; /* the label is a platform that is known */
	struct platform label;
	bool has_called; /* what an engine chooses it by: the index above, else the label */
	struct platform called;
	bool agrees;	    /* index, label and files, where they are known */
	bool is_incomplete; /* a layer is not in the file: what was found is not all */
	struct err err;	    /* why its layers could not be read */
};

struct image_report {
	struct model model;
	struct image_facts *facts;   /* one per image of the model */
	const struct bundle *bundle; /* while it is looked at */
};

/* How to look; zeroed, it is as above. */
struct image_visit {
	/* Each image's view is shown once, with what was found in it, while its layers are there. Other than 0 ends it.
	 */
	int (*each)(struct image_facts *facts, const struct view *view, void *context);
	void *context;
};
/*
 * Opens and reads an image; fd is taken over. Layers are read once each, side by side, and nothing is unpacked. What
 * each() answered, or -errno when the image as a whole cannot be read; ret is to be freed with image_done() also then.
 */
int image_look(int fd, const char *tmpdir, const struct image_visit *visit, struct image_report *ret, struct err *e);
/* The same of an open bundle. */
int image_look_each(
	const struct bundle *bundle, const struct image_visit *visit, struct image_report *ret, struct err *e);
/* The image under a name (NULL: any) that is called so, and whose manifest is not in the file; NULL. */
const struct model_image *image_absent(
	const struct image_report *report, const char *reference, const struct platform *platform);
/* An image that was named, open, and what it is made of. Zeroed it is empty; image_input_done() frees. */
struct image_input {
	struct image_name name;
	struct bundle *bundle;
	struct image_report report;
};
/* "-" is standard input. 0 or -errno with e set, which names the path. */
int image_input_open(const char *target, struct image_input *ret, struct err *e);
void image_input_done(struct image_input *input);
void image_done(struct image_report *report);
/* Appends what its config says it is for: OS/ARCHITECTURE[/VARIANT]. */
void image_label(struct buf *out, const struct model_image *image);
/* Where a program is that it starts: as it stands, in the working directory, or along PATH. Owned; NULL: nowhere. */
char *image_find_program(const struct view *view, const struct model_image *image, const char *name);
/* The first one that is the same image as this, under another name: its number, or the same number. */
size_t image_first(const struct image_report *report, size_t i);
/* All names that the file has for it, each once, in the order of the file. A new list, NULL without memory. */
struct json *image_names(const struct image_report *report, size_t i);
/* Whether what is named so is an image rather than a root file system: by its prefix, or by what is there. */
bool image_is_target(const char *target);
/* Whether a file begins like an archive: a tar header, or the magic of a compressor. */
bool image_looks_like(int fd);
/* Whether its config says Linux, or nothing. */
bool image_is_linux(const struct model_image *image);
/* Whether what is found may be called what is wanted: same architecture, and no newer variant. */
bool image_fits(const struct platform *wanted, const struct platform *found);
