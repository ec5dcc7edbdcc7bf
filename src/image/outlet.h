/* SPDX-License-Identifier: MIT */
/* Where the members of a new image go: the directory of an OCI layout, or an archive. */
#pragma once

#include "base/buf.h"
#include "base/digest.h"
#include "image/bundle.h"

struct outlet {
	int dir;      /* of a layout, empty at the beginning; -1: */
	int archive;  /* a file at its position. Both borrowed */
	char **names; /* of the blobs that are there */
	size_t n, cap;
};

/* The digest of a part of a file. 0 or -errno. */
int outlet_digest(const struct member *member, char ret[DIGEST_TEXT]);
/*
 * A blob that is a part of a file, by its digest, once; what does not have that digest is -EBADMSG. A blob that is this
 * text, whose digest is told. A document by its name. What an archive needs at its end; a layout's files are on the
 * disk after that. 0 or -errno with e set.
 */
int outlet_blob(struct outlet *outlet, const struct member *member, const char *digest, struct err *e);
int outlet_text(struct outlet *outlet, const struct buf *text, char ret_digest[DIGEST_TEXT], struct err *e);
int outlet_document(struct outlet *outlet, const char *name, const struct buf *text, struct err *e);
int outlet_end(struct outlet *outlet, struct err *e);
/* The document that says that it is a layout (image-spec image-layout.md). */
int outlet_layout(struct outlet *outlet, struct err *e);
/* Whether a blob of this name is there. */
bool outlet_has(const struct outlet *outlet, const char *name);
void outlet_done(struct outlet *outlet);

/* ---- a new image under its name when it is whole ---- */

/* Writes all of it, and ends the outlet. 0 or -errno with e set. */
typedef int image_out_writer(struct outlet *outlet, void *context, struct err *e);

/* -EEXIST with e set when something has the name of an archive that is to be written, and force does not replace it. */
int image_out_check(const char *path, bool force, struct err *e);
/* The same for a layout, in a directory. */
int image_out_layout_check(const char *path, struct err *e);
/*
 * An archive, which takes the place of a file that is there only with force. 0 or -errno with e set: then nothing has
 * changed.
 */
int image_out_archive(const char *path, bool force, image_out_writer *write, void *context, struct err *e);
/*
 * A layout in a directory that is new or empty, or in which a run that was killed has begun one; what is there is not
 * added to. index.json and oci-layout come last, so that half of one is none, and what was begun goes when it fails. 0
 * or -errno with e set: -EEXIST when there is something else, -EBUSY while another run writes there.
 */
int image_out_layout(const char *path, image_out_writer *write, void *context, struct err *e);
