/* SPDX-License-Identifier: MIT */
/* Whether files, root file systems and images are made for the platform that is expected. */
#pragma once

#include "image/facts.h"

/*
 * Whether what was found (NULL: nothing) may be called what is expected (NULL: anything), and nothing else is in the
 * tally (may be NULL). 0, or -EBADMSG with e set, which names target.
 */
int expect_platform(const struct platform *expected, const char *target, const struct platform *found,
	const struct tally *tally, struct err *e);
/*
 * The same of the images under a name (NULL: all): of those that an engine would choose for what is expected, label and
 * files. An image that cannot be read is an error also where nothing is expected.
 */
int expect_images(const struct platform *expected, const char *target, const char *reference,
	const struct image_report *report, struct err *e);
/* Whether image i is one that came before it, with this name among its others. */
bool expect_is_repeated(const struct image_report *report, const char *reference, size_t i);
