/* SPDX-License-Identifier: MIT */
/* Writes an image of any format as an archive of docker save. */
#pragma once

#include "image/model.h"
#include "image/outlet.h"

struct docker_request {
	const struct bundle *bundle;
	const struct model_image *image; /* of a model of that bundle, MODEL_IMAGE */
	const char *const *tags;	 /* "name:tag" */
	size_t n_tags;
	const char *architecture, *variant; /* new label in the config; NULL: unchanged */
	const char *tmpdir;		    /* needs room for one uncompressed layer */
};

/*
 * Writes the archive: the config byte for byte (except a new label), the layers uncompressed, each verified against its
 * diff_id, and manifest.json. Old and new engines load it, and Docker's classic builder accepts it as a base image.
 * Ends the outlet. 0, -EBADMSG if a layer does not match the config, -ENOENT if one is missing, -errno; e is set.
 */
int docker_write(const struct docker_request *request, struct outlet *outlet, struct err *e);
/* The config as docker_write() writes it, after verifying its digest. */
int docker_config(const struct docker_request *request, struct buf *out, struct err *e);
