/* SPDX-License-Identifier: MIT */
/* Native tools for the platforms of a run, gathered once for each. */
#pragma once

#include "accel/twins.h"

enum { TOOLCHAINS_MAX = 8 };

/* A zeroed one is empty; toolchains_done() frees. */
struct toolchains {
	const char *set;    /* --toolchain, a root file system or an image; NULL: this machine's own */
	bool needs_digests; /* compute the digests, which the manifest needs */
	struct toolchain *list[TOOLCHAINS_MAX];
	size_t n;
};

/* Returns the tools for a platform; borrowed. -ENOENT with the packages as a hint, -EBADMSG if a tool is damaged. */
int toolchains_find(
	struct toolchains *toolchains, const struct platform *platform, const struct toolchain **ret, struct err *e);
void toolchains_done(struct toolchains *toolchains);
