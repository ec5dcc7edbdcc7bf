/* SPDX-License-Identifier: MIT */
/* A project's images on their way to a registry: with what the user has. */
#pragma once

#include "project/flow.h"

/* What is to go to a registry. Borrowed. */
struct push {
	size_t n;	     /* so many of f->names */
	const char *archive; /* with the index in it, as OCI has it, under the first of its tags */
	bool is_ours;	     /* it is the file "all" in the scratch directory */
	const char *tag;
};
/*
 * Each platform, then the names for all: with skopeo, or, where there is none, with the engine's own commands. Then
 * digest is what the registry has. 0, or -errno with e saying what has been pushed until then.
 */
int push_all(const struct flow *f, const struct push *push, char digest[DIGEST_TEXT], struct err *e);
