/* SPDX-License-Identifier: MIT */
/* A new image under its name when it is whole: an archive, or a layout. */
#pragma once

#include "image/outlet.h"

/* Writes all of it, and ends the outlet. 0 or -errno with e set. */
typedef int image_out_writer(struct outlet *outlet, void *context, struct err *e);

/* An archive takes the place of a file that is there. 0 or -errno with e set: then nothing has changed. */
int image_out_archive(const char *path, image_out_writer *write, void *context, struct err *e);
/*
 * A layout in a new directory; what is there is not added to. index.json and oci-layout come last, so that half of one
 * is none, and what was begun goes when it fails. 0 or -errno with e set.
 */
int image_out_layout(const char *path, image_out_writer *write, void *context, struct err *e);
