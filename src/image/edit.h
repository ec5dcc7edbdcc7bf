/* SPDX-License-Identifier: MIT */
/* Plans changes of images of a bundle, and writes them: into a layout in place, or as a new archive. */
#pragma once

#include "image/bundle.h"
#include "image/graft.h"
#include "image/model.h"
#include "image/splice.h"

/* The change of one image. edit_target_done() frees what it owns. */
struct edit_target {
	const char *digest;	   /* of its config; borrowed */
	struct buf config;	   /* its new config; owned */
	bool *drops;		   /* a flag for each layer, true to remove it; owned */
	size_t n_layers;	   /* before the change */
	const struct graft *graft; /* layer added on top, borrowed; NULL: none */
};

/* The changes of a bundle. Pointers are borrowed. */
struct edit_request {
	const struct bundle *bundle;
	const struct model *model;
	const struct edit_target *targets;
	size_t n;
	const char *reference; /* only images of this name (model_is_named()); NULL: all */
};

/* A new member, or one with new content. */
struct edit_member {
	char *name;
	struct buf text;	   /* of a document */
	const struct graft *graft; /* of a layer; then text is empty */
	bool is_needed;		   /* an unchanged image refers to a member of this name */
};

/* A planned edit; edit_done() frees. */
struct edit {
	struct edit_member *members; /* a document comes after those that it refers to */
	size_t n;
	char **obsolete; /* members replaced by new ones, to which nothing refers any more */
	size_t n_obsolete;
	bool drops_oci_half;	 /* remove index.json, which was broken, from a docker-archive */
	char index[DIGEST_TEXT]; /* digest of the index.json that was read; "": none */
};

/*
 * Plans all changes of a bundle that model_read() has accepted; digests are verified again. Writes nothing. The same
 * image under other names than reference is left unchanged, except in archives with both schemas, where the names
 * differ between the two. 0, or -errno with e set; edit_done() frees ret.
 */
int edit_plan(const struct edit_request *request, struct edit *ret, struct err *e);
void edit_done(struct edit *edit);
void edit_target_done(struct edit_target *target);
const struct edit_target *edit_find(const struct edit_target *targets, size_t n, const char *digest);

/* Opens a layout's blobs/sha256 without following symlinks. The descriptor, or -errno with e set. */
int commit_open_blobs(int dir, struct err *e);
/*
 * Writes to an OCI layout: new blobs first, each renamed into place once it is on disk, then index.json by an atomic
 * rename; finally removes blobs that only the previous documents referenced. At any time, the layout is the previous or
 * the new one, possibly with unreferenced blobs, which leftover_sweep() removes. 0, -EBUSY if index.json was changed
 * since the edit was planned, -EIO or -EINTR, with e set.
 */
int commit_layout(int dir, const struct edit *edit, struct err *e);
/*
 * Writes the archive to a file at its position: unchanged members byte for byte, changed and new ones at the end.
 * Obsolete documents may be kept when a layer is added, so that eject need not write them again. 0, -EEXIST if a
 * member to be kept has the name of a new one, or -errno, with e set.
 */
int commit_archive(const struct bundle *bundle, const struct edit *edit, int to, struct err *e);

/* Add a document, whose text is moved, a target's config or layer, unless the edit has a member of that name. */
void edit_add_document(struct edit *edit, const char *name, struct buf *text);
void edit_add_config(struct edit *edit, const char *name, const struct edit_target *target);
void edit_add_layer(struct edit *edit, const char *name, const struct graft *graft);
/* The text of an added document, valid until another member is added; NULL if there is none. */
const struct buf *edit_document(const struct edit *edit, const char *name);
void edit_add_obsolete(struct edit *edit, const char *name);
/* Changes the array of layers in a document; item is the new entry if the target has a graft. */
void edit_layers(
	const struct edit_target *target, struct splice *s, const char *text, struct span list, const char *item);
/* Add the targets' changes to the documents of one schema. 0 or -errno with e set. */
int edit_docker(const struct edit_request *request, struct edit *edit, struct err *e);
int edit_oci(const struct edit_request *request, struct edit *edit, struct err *e);
