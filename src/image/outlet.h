/* SPDX-License-Identifier: MIT */
/* Where the members of a new image go: the directory of an OCI layout, or an archive. */
#pragma once

#include "base/buf.h"
#include "base/digest.h"
#include "base/newfile.h"
#include "image/bundle.h"

struct outlet {
	int dir;	     /* of a layout; -1: */
	struct newfile file; /* the archive */
	const char *path;    /* borrowed */
	char **names;	     /* of the blobs that are there */
	size_t n;
	bool is_new, is_whole; /* the layout: its directory was made here; it has all that belongs to it */
};

#define OUTLET_INIT                                                                                                    \
	{                                                                                                              \
		.dir = -1, .file = NEWFILE_INIT                                                                        \
	}
#define auto_outlet auto_with(outlet_done) struct outlet

struct outlet_request {
	const char *path;
	bool is_layout; /* a directory; else an archive */
	bool force;	/* an archive takes the place of a file that is there */
};

/* -EEXIST with e set when something has the name of an archive that is to be written, and force does not replace it;
 * or a directory is no place for a layout. */
int outlet_check(const struct outlet_request *request, struct err *e);
/*
 * Opens an archive, which gets its name when it is whole; or a layout in a directory that is new or empty, or in which
 * a run that was killed has begun one; what is there is not added to. index.json and oci-layout come last, so that half
 * of one is none. 0 or -errno with e set: -EEXIST when there is something else, -EBUSY while another run writes there.
 */
int outlet_open(const struct outlet_request *request, struct outlet *ret, struct err *e);
/*
 * A blob that is a part of a file, by its digest, once; what does not have that digest is -EBADMSG. A blob that is this
 * text, whose digest is told. A part of a file and a document by their names. The end: all of it is on the disk, and an
 * archive has its name. 0 or -errno with e set.
 */
int outlet_blob(struct outlet *outlet, const struct member *member, const char *digest, struct err *e);
int outlet_text(struct outlet *outlet, const struct buf *text, char ret_digest[DIGEST_TEXT], struct err *e);
int outlet_part(struct outlet *outlet, const char *name, const struct member *member, struct err *e);
int outlet_document(struct outlet *outlet, const char *name, const struct buf *text, struct err *e);
int outlet_end(struct outlet *outlet, struct err *e);
/* The document that says that it is a layout (image-spec image-layout.md). */
int outlet_layout(struct outlet *outlet, struct err *e);
/* Whether a blob of this name is there. */
bool outlet_has(const struct outlet *outlet, const char *name);
/* Removes what was begun and not ended. */
void outlet_done(struct outlet *outlet);
