/* SPDX-License-Identifier: MIT */
/* A project's images on their way to a registry: with skopeo, or the engine's own commands where there is none. */
#pragma once

#include "project/flow.h"

/* Before anything is built: whether the registry answers. 0, or -errno with e set. */
int push_check(const struct flow *f, struct err *e);

/* What is to go to a registry. Borrowed. */
struct push {
	size_t n;	     /* of f->names */
	size_t n_done;	     /* how many of them were pushed */
	const char *archive; /* with the index in it, as OCI has it, under the first of its tags */
	bool is_ours;	     /* it is the file "all" in the scratch directory */
	const char *tag;
};
/* Each platform, then the names for all. Then digest is what the registry has. 0, or -errno with e set. */
int push_all(const struct flow *f, struct push *push, char digest[DIGEST_TEXT], struct err *e);
