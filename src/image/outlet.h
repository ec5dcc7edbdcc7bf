/* SPDX-License-Identifier: MIT */
/* The output of a new image: the directory of an OCI layout, or an archive. */
#pragma once

#include "base/buf.h"
#include "base/digest.h"
#include "base/newfile.h"
#include "image/bundle.h"

struct outlet {
	int dir;	     /* the layout's directory; -1: an archive */
	int blobs, sha256;   /* a layout's blobs and blobs/sha256, open: their names may become links of others */
	int sha512;	     /* blobs/sha512, from its first blob on */
	struct newfile file; /* the archive */
	const char *path;    /* borrowed */
	char **names;	     /* of blobs that were written */
	size_t n;
	bool is_new, is_whole; /* layout: its directory was created by outlet_open(); outlet_end() has completed it */
};

#define OUTLET_INIT                                                                                                    \
	{                                                                                                              \
		.dir = -1, .blobs = -1, .sha256 = -1, .sha512 = -1, .file = NEWFILE_INIT                               \
	}
#define auto_outlet auto_with(outlet_done) struct outlet

struct outlet_request {
	const char *path;
	bool is_layout; /* a directory; else an archive */
	bool force;	/* replace an existing archive */
};

/* Checks the destination early. -EEXIST with e set if the archive exists and force is unset, or if a layout's directory
 * is not empty. */
int outlet_check(const struct outlet_request *request, struct err *e);
/*
 * Opens an archive, which gets its name once complete; or a layout in a new or empty directory, or in one with the
 * incomplete layout of a killed run, which is removed. Callers write index.json and oci-layout last, so that an
 * incomplete layout is not a valid one. 0 or -errno with e set: -EEXIST as above, -EBUSY if another run writes there.
 */
int outlet_open(const struct outlet_request *request, struct outlet *ret, struct err *e);
/*
 * outlet_blob() copies a blob after verifying its digest, sha256 or sha512 (else -EBADMSG), outlet_text() writes a text
 * as a blob and returns its digest; both write a blob only once. outlet_part() and outlet_document() write a member by
 * name. outlet_end() syncs to disk and gives an archive its name. 0 or -errno with e set.
 */
int outlet_blob(struct outlet *outlet, const struct member *member, const char *digest, struct err *e);
int outlet_text(struct outlet *outlet, const struct buf *text, char ret_digest[DIGEST_TEXT], struct err *e);
int outlet_part(struct outlet *outlet, const char *name, const struct member *member, struct err *e);
int outlet_document(struct outlet *outlet, const char *name, const struct buf *text, struct err *e);
int outlet_end(struct outlet *outlet, struct err *e);
/* Writes the file oci-layout (image-spec image-layout.md). */
int outlet_layout(struct outlet *outlet, struct err *e);
/* Whether a blob of this name was written. */
bool outlet_has(const struct outlet *outlet, const char *name);
/* Closes the outlet; removes an output without outlet_end(). */
void outlet_done(struct outlet *outlet);
