/* SPDX-License-Identifier: MIT */
/* Whether what an image starts can be started. */
#pragma once

#include "image/facts.h"
#include "report/doctor.h"

/* The images that are looked at, and where findings go. */
struct doctor_images {
	const struct image_report *report; /* that is being made */
	const struct status *status;
	const char *reference; /* of the images that are asked about; NULL: all */
	const char *target;
	struct doctor *doctor;
};

/* Whether an image is asked about, and was not told of under another name. */
bool doctor_images_has(const struct doctor_images *images, const struct image_facts *facts);
/* For image_look(), of one that is asked about: the context is a struct doctor_images. Nothing is started. 0. */
int doctor_start(struct image_facts *facts, const struct view *view, void *context);
