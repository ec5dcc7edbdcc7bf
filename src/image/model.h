/* SPDX-License-Identifier: MIT */
/* The documents of an image file: indexes, manifests, configs, and names of layers. */
#pragma once

#include "image/bundle.h"

struct json;

/* Limits beside the format (image-spec image-index.md has none). */
enum {
	MODEL_DEPTH_MAX = 8,
	MODEL_IMAGES_MAX = 256,
	MODEL_LAYERS_MAX = 1024,
	MODEL_LAYERS_SUM = 8192,
	MODEL_TEXT_MAX = 256,
	MODEL_PATH_MAX = 4096,
	MODEL_STARTS = 2, /* Entrypoint and Cmd */
	MODEL_DOCUMENTS_MAX = 1000,
	MODEL_DOCUMENTS_BYTES_MAX = 16 * 1024 * 1024, /* total size */
};

enum model_format {
	MODEL_DOCKER_ARCHIVE = 0,
	MODEL_OCI_LAYOUT,
	MODEL_OCI_ARCHIVE,
	MODEL_DUAL, /* an OCI archive that also has manifest.json */
};
extern const char *const model_format_words[];
#define MODEL_BAD_DIGEST "a digest that is not sha256 with 64 lower-case digits"

enum model_kind {
	MODEL_IMAGE = 0,
	MODEL_ATTESTATION,
	MODEL_ARTIFACT, /* not an image that can be run */
	MODEL_ABSENT,	/* listed by an index, but its manifest is not in the file */
};

/* The image for one platform. Strings are owned; NULL if absent. */
struct model_image {
	enum model_kind kind;
	char *reference; /* the first tag */
	char *digest;	 /* of the manifest; in a docker-archive, of the config */
	char *subject;	 /* digest of the manifest that a signature or attestation refers to */
	char *config_digest;
	char *config_name;		   /* member name of the config */
	bool is_docker_type;		   /* the manifest has Docker's media type */
	char *top_id;			   /* the config's last diff_id */
	bool is_grafted;		   /* the topmost layer has the mark of inject */
	bool is_contradicted;		   /* manifest.json lists other layers for the same config */
	bool is_second_half;		   /* in manifest.json only, not in index.json of the same archive */
	char *os, *architecture, *variant; /* of the config */
	char *starts[MODEL_STARTS];	   /* the programs of Entrypoint and Cmd */
	char *search, *directory;	   /* PATH and WorkingDir */
	char *index_platform;		   /* platform of its index entry, "os/arch[/variant]" */
	char **layers;			   /* names of members, bottom to top */
	uint64_t *layer_sizes;		   /* of the manifest; NULL: not known */
	bool *is_opaque;		   /* layers of an unsupported media type; NULL: none */
	size_t n_layers;
	size_t top;		/* number of its (first) top-level entry in index.json or manifest.json */
	char **more_references; /* further tags */
	size_t n_more;
};

struct model {
	enum model_format format;
	struct model_image *images;
	size_t n;
	size_t layers; /* of all images */
	unsigned documents;
	uint64_t bytes;	     /* of all documents */
	bool has_bad_digest; /* an artifact has a malformed digest: its blob cannot be copied */
};

void model_done(struct model *model);
/* Whether the name have matches want, in full or by its tag. have may be NULL. */
bool model_is_named(const char *have, const char *want);
/* Appends a zeroed image to the model; NULL with e set over the limit. */
struct model_image *model_add(struct model *model, struct err *e);
/* Counts a document of this size: 0, or -E2BIG with e set if their number or total size exceeds the limits. */
int model_add_document(struct model *model, uint64_t size, struct err *e);
/* Reads platform, programs and mark from a config. *ret_layers: its number of diff_ids. */
int model_read_config(const struct json *config, struct model_image *image, size_t *ret_layers, struct err *e);
/* Appends the text of an image's config, whose digest is verified again. 0 or -errno with e set. */
int model_config(const struct bundle *bundle, const struct model_image *image, struct buf *out, struct err *e);
int model_copy_text(char **target, const char *text, struct err *e);

/*
 * The mark in a config that identifies an injected layer: "anyarch-inject 1 DIFF_ID DIGEST", with the layer's diff_id
 * and the digest of the config without the layer.
 */
#define MARK_TEXT "anyarch-inject 1 "
#define MARK_KEY  "anyarch-inject" /* member with the mark in a config without a history */
/* The digest in a mark for the layer with this diff_id, else NULL. Both arguments may be NULL. */
const char *mark_read(const char *mark, const char *diff_id);
/* The same for the topmost layer: from the last history entry, or from MARK_KEY if there is no history. */
const char *mark_find(const struct json *config, bool *ret_in_history);

/*
 * Reads and checks every document: size, then digest, then syntax; no duplicate keys, content that matches the media
 * type, as many layers as diff_ids. 0, or -EBADMSG, -E2BIG, -ENOENT with e set; free ret with model_done() always.
 */
int model_read(const struct bundle *bundle, struct model *ret, struct err *e);
int model_read_docker(const struct bundle *bundle, struct model *model, struct err *e);
int model_read_oci(const struct bundle *bundle, struct model *model, struct err *e);
