/* SPDX-License-Identifier: MIT */
/* Checks whether files, root file systems and images are made for the expected platform. */
#pragma once

#include "image/facts.h"

/*
 * Checks that the found platform (NULL: none) fits the expected one (NULL: any), and that the tally (may be NULL) has
 * no other architecture. 0, or -EBADMSG with e set, which names target.
 */
int expect_platform(const struct platform *expected, const char *target, const struct platform *found,
	const struct tally *tally, struct err *e);
/*
 * The same for the images with a name (NULL: all): checks label and files of those that an engine would choose for
 * expected. An unreadable image is an error even if nothing is expected.
 */
int expect_images(const struct platform *expected, const char *target, const char *reference,
	const struct image_report *report, struct err *e);
/* Whether image i repeats an earlier one that also has this name. */
bool expect_is_repeated(const struct image_report *report, const char *reference, size_t i);
