/* SPDX-License-Identifier: MIT */
/* Whether what an image starts can be started. */
#pragma once

#include "image/facts.h"
#include "report/doctor.h"

/* The images that are looked at, and where findings go. */
struct doctor_images {
	const struct image_report *report; /* that is being made */
	const char *reference;		   /* of the images that are asked about; NULL: all */
	const char *target;
	struct doctor *doctor;
};

/* For image_look(): the context is a struct doctor_images. Nothing is started. 0. */
int doctor_start(struct image_facts *facts, const struct view *view, void *context);
