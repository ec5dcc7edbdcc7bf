/* SPDX-License-Identifier: MIT */
/* Checks whether an image's entry point can be started. */
#pragma once

#include "image/facts.h"
#include "report/doctor.h"

/* The images to check, and where findings go. */
struct doctor_images {
	const struct image_report *report; /* still incomplete */
	const struct status *status;
	const char *reference; /* name of the images to check; NULL: all */
	const char *target;
	struct doctor *doctor;
};

/* Callback for image_look(), for a requested image; context: a struct doctor_images. Starts nothing. Returns 0. */
int doctor_start(struct image_facts *facts, const struct view *view, void *context);
