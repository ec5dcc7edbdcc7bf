/* SPDX-License-Identifier: MIT */
/* Layers put on top of the images of a bundle, or taken off: which documents change, and to what. */
#pragma once

#include "image/bundle.h"
#include "image/edit_config.h"
#include "image/graft.h"
#include "image/model.h"
#include "image/splice.h"

/* What is to be done with one image. */
struct edit_target {
	const char *digest;	   /* of its config. Borrowed */
	const struct graft *graft; /* to be put on top; NULL: ours is to be taken off. Borrowed */
	size_t n_layers;	   /* that it has */
	bool is_done;		   /* out: false where there was nothing of ours to be taken off */
	bool replaces;		   /* out: one of ours was on top, and goes */
	/* Instead of the topmost layer: one flag for each that is to be taken off, and what then goes on top, NULL:
	 * nothing. */
	bool *drops;
	const struct config_base *bases; /* as config_rename_bases() takes them */
	size_t n_bases;
	const bool *known; /* as config_drop_below() takes it; NULL: none */
	size_t n_drops;
	const struct graft *cover; /* all borrowed */
};

/* What is to be changed in a bundle. Borrowed. */
struct edit_request {
	const struct bundle *bundle;
	enum model_format format;
	struct edit_target *targets;
	size_t n;
	const char *reference; /* only images of this name (model_is_named()); NULL: all */
};

/* A member that is new or new in content. */
struct edit_member {
	char *name;
	struct buf text;	   /* of a document */
	const struct graft *graft; /* of a layer; then text is empty */
};

/* What becomes of a bundle; edit_done() frees. */
struct edit {
	struct edit_member *members; /* documents that refer to others come after them */
	size_t n;
	char **obsolete; /* members that nothing refers to any more, since their successors are there */
	size_t n_obsolete;
	bool drops_oci_half;	 /* an archive's index.json was broken: it goes */
	char index[DIGEST_TEXT]; /* of the index.json that was read; "" for none */
};

/*
 * Works out all that changes (edit_plan.c). Every document that is read is checked as by model_read(), which has to
 * have accepted the bundle. Nothing is written. What other names call the same image stays as it is; but all change in
 * archives with both schemas, as the names in the two differ. 0 or -errno; edit_done() frees.
 */
int edit_plan(const struct edit_request *request, struct edit *ret, struct err *e);
void edit_done(struct edit *edit);

struct edit_target *edit_find(struct edit_target *targets, size_t n, const char *digest);
/* Adds a document unless one of that name is there, the text moved; a layer. */
void edit_add_document(struct edit *edit, const char *name, struct buf *text);
void edit_add_layer(struct edit *edit, const char *name, const struct graft *graft);
/* The new text of a document that was added; NULL: none was. Valid until the next one is added. */
const struct buf *edit_document(const struct edit *edit, const char *name);
void edit_add_obsolete(struct edit *edit, const char *name);
/* What comes on top of the layers, NULL for nothing; whether the i-th of n layers goes. */
const struct graft *edit_graft(const struct edit_target *target);
bool edit_drops(const struct edit_target *target, size_t i, size_t n);
/* Changes the list of layers at a place of a document; item is what it says of edit_graft(). */
void edit_layers(
	const struct edit_target *target, struct splice *s, const char *text, struct span list, const char *item);
/* A changed config: 1, 0 when nothing of ours is on top, -errno. Sets what the target has for outputs. */
int edit_config(struct edit_target *target, const struct buf *text, struct buf *out, struct err *e);
/* Adds what the targets change in documents of one schema. 0 or -errno with e set. */
int edit_docker(const struct edit_request *request, struct edit *edit, struct err *e);
int edit_oci(const struct edit_request *request, struct edit *edit, struct err *e);
