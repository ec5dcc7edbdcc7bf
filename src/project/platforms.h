/* SPDX-License-Identifier: MIT */
/* A list of platforms in the given order, without duplicates. */
#pragma once

#include "arch/name.h"

enum { PLATFORMS_MAX = 64 };

struct platforms {
	struct platform items[PLATFORMS_MAX];
	size_t n;
	bool is_all; /* "all"; for a selection only */
};

/* Adds a list separated by commas or white space. 0, or -EINVAL with e set: unknown, or without OCI name. */
int platforms_add(struct platforms *list, const char *text, struct err *e);
bool platforms_have(const struct platforms *list, const struct platform *platform);
bool platform_is_same(const struct platform *a, const struct platform *b);
/* Appends the platforms as linux/arm/v7, separated by blanks. */
void platforms_text(const struct platforms *list, struct buf *out);
/* The platform's name in files and tags: Docker's official image prefix (arm32v6), else OCI's. */
struct name_text platform_word(const struct platform *platform);
