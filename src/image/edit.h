/* SPDX-License-Identifier: MIT */
/* Plans adding layers to images of a bundle or removing them: which documents change, and their new content. */
#pragma once

#include "image/bundle.h"
#include "image/edit_config.h"
#include "image/graft.h"
#include "image/model.h"
#include "image/splice.h"

/* The change of one image. Pointers are borrowed. */
struct edit_target {
	const char *digest;	   /* of its config */
	const struct graft *graft; /* layer to be added on top; NULL: remove the injected topmost one */
	size_t n_layers;	   /* before the change */
	bool is_done;		   /* out: false if there was no injected layer to be removed */
	bool replaces;		   /* out: the topmost layer was an injected one and is removed */
	/* Instead of graft: a flag for each of n_drops layers, true to remove it. NULL: none. Then cover, unless NULL,
	 * is added on top. */
	bool *drops;
	const struct config_base *bases; /* as for config_rename_bases() */
	size_t n_bases;
	const bool *known; /* as in struct config_layers; NULL: none */
	size_t n_drops;
	const struct graft *cover;
};

/* The changes of a bundle. Pointers are borrowed. */
struct edit_request {
	const struct bundle *bundle;
	enum model_format format;
	struct edit_target *targets;
	size_t n;
	const char *reference; /* only images of this name (model_is_named()); NULL: all */
};

/* A new member, or one with new content. */
struct edit_member {
	char *name;
	struct buf text;	   /* of a document */
	const struct graft *graft; /* of a layer; then text is empty */
};

/* A planned edit; edit_done() frees. */
struct edit {
	struct edit_member *members; /* a document comes after those that it refers to */
	size_t n;
	char **obsolete; /* members replaced by new ones, possibly still referenced otherwise */
	size_t n_obsolete;
	bool drops_oci_half;	 /* remove index.json, which was broken, from a docker-archive */
	char index[DIGEST_TEXT]; /* digest of the index.json that was read; "": none */
};

/*
 * Plans all changes (edit_plan.c) of a bundle that model_read() has accepted; digests are verified again. Writes
 * nothing. The same image under other names than reference is left unchanged, except in archives with both schemas,
 * where the names differ between the two. 0, or -errno with e set; edit_done() frees ret.
 */
int edit_plan(const struct edit_request *request, struct edit *ret, struct err *e);
void edit_done(struct edit *edit);

struct edit_target *edit_find(struct edit_target *targets, size_t n, const char *digest);
/* Add a document, whose text is moved, or a layer, unless the edit has a member of that name. */
void edit_add_document(struct edit *edit, const char *name, struct buf *text);
void edit_add_layer(struct edit *edit, const char *name, const struct graft *graft);
/* The text of an added document, valid until another member is added; NULL if there is none. */
const struct buf *edit_document(const struct edit *edit, const char *name);
void edit_add_obsolete(struct edit *edit, const char *name);
/* The layer to be added on top, or NULL; whether the i-th of n layers is removed. */
const struct graft *edit_graft(const struct edit_target *target);
bool edit_drops(const struct edit_target *target, size_t i, size_t n);
/* Changes the array of layers in a document; item is the new entry for edit_graft(). */
void edit_layers(
	const struct edit_target *target, struct splice *s, const char *text, struct span list, const char *item);
/* The changed config: 1, 0 if no injected layer is to be removed, -errno with e set. Sets the target's outputs. */
int edit_config(struct edit_target *target, const struct buf *text, struct buf *out, struct err *e);
/* Add the targets' changes to the documents of one schema. 0 or -errno with e set. */
int edit_docker(const struct edit_request *request, struct edit *edit, struct err *e);
int edit_oci(const struct edit_request *request, struct edit *edit, struct err *e);
