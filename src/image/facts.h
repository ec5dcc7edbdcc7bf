/* SPDX-License-Identifier: MIT */
/* Facts about the images of a file: for each platform, its label and what its files say. */
#pragma once

#include "emulator/content.h"
#include "image/image_name.h"
#include "image/view.h"

struct image_facts {
	struct model_image *image; /* inside the report's model */
	struct content content;
	bool has_label; /* the label is a known platform */
	struct platform label;
	bool has_called; /* the platform that engines select the image by: of its index entry, else the label */
	struct platform called;
	bool agrees;	    /* index entry, label and files agree, as far as known */
	bool is_incomplete; /* a layer is missing or unreadable: content is not complete */
	struct err err;	    /* why the layers could not be read */
};

struct image_report {
	struct model model;
	struct image_facts *facts;   /* one per image of the model */
	const struct bundle *bundle; /* during image_visit.each() only */
};

/* A callback for each image; zeroed: none. */
struct image_visit {
	/* Called once per image while its layers are in memory. A result other than 0 ends the visit. */
	int (*each)(struct image_facts *facts, const struct view *view, void *context);
	void *context;
};
/*
 * Opens and reads an image file; takes ownership of fd. Each layer is read once, in parallel, and not unpacked to disk.
 * Returns the result of each(), or -errno with e set if the file cannot be read. Free ret with image_done() always.
 */
int image_look(int fd, const struct image_visit *visit, struct image_report *ret, struct err *e);
/* The same for an open bundle. */
int image_look_each(
	const struct bundle *bundle, const struct image_visit *visit, struct image_report *ret, struct err *e);
/* The image that an index lists under reference (NULL: any) for platform, but whose manifest is not in the file, or
 * NULL. */
const struct model_image *image_absent(
	const struct image_report *report, const char *reference, const struct platform *platform);
/* An image specified by the user, open, and its facts. Zeroed: empty; image_input_done() frees. */
struct image_input {
	struct image_name name;
	struct bundle *bundle;
	struct image_report report;
};
/* "-" is standard input. 0 or -errno with e set, which names the path. */
int image_input_open(const char *target, struct image_input *ret, struct err *e);
void image_input_done(struct image_input *input);
void image_done(struct image_report *report);
/* Appends the image's label: OS/ARCHITECTURE[/VARIANT] of its config. */
void image_label(struct buf *out, const struct model_image *image);
/* Path of a program that the image starts: absolute, in WorkingDir, or along PATH. To be freed; NULL: not found. */
char *image_find_program(const struct view *view, const struct model_image *image, const char *name);
/* The index of the first image that is identical to the i-th, which may have another name; i if there is none. */
size_t image_first(const struct image_report *report, size_t i);
/* A new array of all names of the i-th image, without duplicates, in the order of the file. */
struct json *image_names(const struct image_report *report, size_t i);
/* Whether target is an image rather than a root file system, by its prefix or its content. */
bool image_is_target(const char *target);
/* Whether a file begins like an archive: a tar header, or the magic of a compressor. */
bool image_looks_like(int fd);
/* Whether the config's os is linux or missing. */
bool image_is_linux(const struct model_image *image);
/* Whether programs for found run on wanted: same architecture, and no newer variant. */
bool image_fits(const struct platform *wanted, const struct platform *found);
