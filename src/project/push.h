/* SPDX-License-Identifier: MIT */
/* Pushes a project's images to a registry: with skopeo if installed, else with the engine's own commands. */
#pragma once

#include "project/flow.h"

/* Checks, before anything is built, that the registry answers. 0, or -errno with e set. */
int push_check(const struct flow *f, struct err *e);

/* What to push. Borrowed. */
struct push {
	size_t n;	     /* how many of f->names to push */
	size_t n_done;	     /* how many were pushed */
	const char *archive; /* OCI archive of the index under the first tag */
	bool is_ours;	     /* archive is "all" in the scratch directory */
	const char *tag;
};
/* Pushes each platform, then the names for all; digest receives the index's digest. 0, or -errno with e set. */
int push_all(const struct flow *f, struct push *push, char digest[DIGEST_TEXT], struct err *e);
