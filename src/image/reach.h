/* SPDX-License-Identifier: MIT */
/* Which blobs of a bundle documents lead to: by every descriptor, also of kinds that the model does not know. */
#pragma once

#include "image/bundle.h"
#include "image/model.h"

/* Zeroed: empty; reach_done() frees. */
struct reach {
	char **names; /* of the blobs that are there, in the order in which they were found */
	size_t n;
	size_t *sorted;	  /* their numbers, in the order of their names */
	bool *are_read;	  /* those that are documents, whose own descriptors are followed */
	char *unverified; /* the first one whose digest is neither sha256 nor sha512, which is in no list; NULL: none */
};

#define auto_reach auto_with(reach_done) struct reach

/* Follows index.json; with_subjects: also to what is only the subject of a statement. 0, or -E2BIG or -errno with e
 * set. */
int reach_index(const struct bundle *bundle, bool with_subjects, struct reach *ret, struct err *e);
/*
 * Follows the artifacts and attestations of a model, but not their subjects: statements about an image do not keep it.
 * 0, or -E2BIG or -errno with e set.
 */
int reach_artifacts(const struct bundle *bundle, const struct model *model, struct reach *ret, struct err *e);
bool reach_has(const struct reach *reach, const char *name);
void reach_done(struct reach *reach);
