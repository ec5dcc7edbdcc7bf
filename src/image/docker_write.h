/* SPDX-License-Identifier: MIT */
/* An image out of whatever it lies in, as an archive of docker save. */
#pragma once

#include "image/model.h"
#include "image/outlet.h"

struct docker_request {
	const struct bundle *bundle;
	const struct model_image *image; /* of a model of that bundle, MODEL_IMAGE */
	const char *const *tags;	 /* "name:tag" */
	size_t n_tags;
	const char *architecture, *variant; /* what its config is to say; NULL: what it says */
	const char *tmpdir;		    /* for one layer at a time */
};

/*
 * Writes the archive: its config byte for byte (but for a label that is given), its layers uncompressed (each is
 * checked against its diff_id on the way), manifest.json. Old and new engines take it, and the classic builder of
 * Docker as a base. The outlet is ended. -EBADMSG when a layer is not here or is not what the config says; -errno.
 */
int docker_write(const struct docker_request *request, struct outlet *outlet, struct err *e);
/* The config alone, as it goes there. It is checked against its digest. */
int docker_config(const struct docker_request *request, struct buf *out, struct err *e);
