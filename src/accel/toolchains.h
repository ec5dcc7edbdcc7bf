/* SPDX-License-Identifier: MIT */
/* Native tools for the platforms of a run: where they come from, and what is said of them. */
#pragma once

#include "accel/twins.h"

enum { TOOLCHAINS_MAX = 8 };

/* Gathered once for each platform of a run. Zeroed it is empty; toolchains_done() frees. */
struct toolchains {
	const char *set;    /* of --toolchain: a root file system or an image; NULL: this machine's own */
	bool needs_digests; /* as what is made of them says them */
	struct toolchain *list[TOOLCHAINS_MAX];
	size_t n;
};

/* The tools for a platform; borrowed. -ENOENT with the packages as a hint, -EBADMSG when one is damaged. */
int toolchains_find(
	struct toolchains *toolchains, const struct platform *platform, const struct toolchain **ret, struct err *e);
void toolchains_done(struct toolchains *toolchains);
