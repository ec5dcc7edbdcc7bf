/* SPDX-License-Identifier: MIT */
/* What an image file says of itself: indexes, manifests, configs, down to the layers. */
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
	MODEL_DOCUMENTS_BYTES_MAX = 16 * 1024 * 1024, /* of all of them */
};

enum model_format {
	MODEL_DOCKER_ARCHIVE = 0,
	MODEL_OCI_LAYOUT,
	MODEL_OCI_ARCHIVE,
	MODEL_DUAL, /* an OCI archive that also has manifest.json */
};
extern const char *const model_format_words[];

enum model_kind {
	MODEL_IMAGE = 0,
	MODEL_ATTESTATION,
	MODEL_ARTIFACT, /* not an image that can be run */
	MODEL_ABSENT,	/* its index names it, and its manifest is not in the file */
};

/* One platform's image. Text is owned, NULL where there is none. */
struct model_image {
	enum model_kind kind;
	char *reference; /* the first tag */
	char *digest;	 /* of its manifest; of its config in a docker-archive */
	char *subject;	 /* of which image's manifest it speaks: signatures and the like */
	char *config_digest;
	char *config_name;		   /* of the member that it is */
	bool is_docker_type;		   /* its manifest is of Docker's media type */
	char *top_id;			   /* the config's last diff_id */
	bool is_grafted;		   /* its topmost layer has the mark of inject */
	bool is_contradicted;		   /* manifest.json has other layers for the same config */
	bool is_second_half;		   /* only manifest.json has it, the OCI half does not */
	char *os, *architecture, *variant; /* what the config says */
	char *starts[MODEL_STARTS];	   /* the programs of Entrypoint and Cmd */
	char *search, *directory;	   /* PATH and WorkingDir */
	char *index_platform;		   /* what the index above says, "os/arch[/variant]" */
	char **layers;			   /* names of members, bottom to top */
	uint64_t *layer_sizes;		   /* as the manifest says; NULL where it says nothing */
	bool *is_opaque;		   /* layers of a kind that is not ours to read; NULL: none */
	size_t n_layers;
	size_t top;		/* which entry of index.json or manifest.json it belongs to */
	char **more_references; /* its other tags */
	size_t n_more;
};

struct model {
	enum model_format format;
	struct model_image *images;
	size_t n;
	size_t layers; /* of all images */
	unsigned documents;
	uint64_t bytes; /* of all documents */
	char **others;	/* names of blobs that documents which are no images refer to: artifacts, attestations */
	size_t n_others;
};

void model_done(struct model *model);
/* Whether a tag is the one that is asked for, whole or what is after its last colon. have may be NULL. */
bool model_is_named(const char *have, const char *want);
/* A new image at the end of the model, zeroed; NULL with e set. */
struct model_image *model_add(struct model *model, struct err *e);
/* One more document of this size is to be read: -E2BIG where they are too many or too large together. */
int model_add_document(struct model *model, uint64_t size, struct err *e);
/* What a config document says of the platform and how many layers it counts. */
int model_read_config(const struct json *config, struct model_image *image, size_t *ret_layers, struct err *e);
int model_copy_text(char **target, const char *text, struct err *e);

int model_read_docker(const struct bundle *bundle, struct model *model, struct err *e);
int model_read_oci(const struct bundle *bundle, struct model *model, struct err *e);
