/* SPDX-License-Identifier: MIT */
/* What images are made for: platforms in the order in which they were named, without repetitions. */
#pragma once

#include "arch/name.h"

enum { PLATFORMS_MAX = 64 };

struct platforms {
	struct platform items[PLATFORMS_MAX];
	size_t n;
	bool is_all; /* that there are; of a selection only */
};

/* Adds those of a list separated by commas or white space. 0, or -EINVAL with e set: unknown, or none for containers.
 */
int platforms_add(struct platforms *list, const char *text, struct err *e);
bool platforms_have(const struct platforms *list, const struct platform *platform);
bool platform_is_same(const struct platform *a, const struct platform *b);
/* Appends each as linux/arm/v7, separated by blanks. */
void platforms_text(const struct platforms *list, struct buf *out);
/* What its files and tags are called: the prefix of the Docker official images (arm32v6), else OCI's word. */
void platform_word(const struct platform *platform, struct buf *out);
