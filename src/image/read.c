// SPDX-License-Identifier: MIT
/* Reads the documents of an image file: detects its schema, and merges both if an archive has two. */
#include "image/model.h"

#include <string.h>

/* Whether index.json (a) and manifest.json (b) list different layers: if b lists blobs, they must be the same. */
static bool do_contradict(const struct model_image *a, const struct model_image *b)
{
	static const char blobs[] = "blobs/";

	for (size_t i = 0; i < MIN_OF(a->n_layers, b->n_layers); i++)
		if (!strncmp(b->layers[i], blobs, strlen(blobs)) && strcmp(a->layers[i], b->layers[i]))
			return true;
	return a->n_layers != b->n_layers;
}

/* Whether the model has the image, by its config; the tag may differ. Notes contradicting layers. */
static bool has_config(struct model *model, const struct model_image *image)
{
	bool has = false;

	for (size_t i = 0; i < model->n; i++) {
		struct model_image *one = &model->images[i];

		if (!one->config_digest || !image->config_digest || strcmp(one->config_digest, image->config_digest))
			continue;
		one->is_contradicted |= do_contradict(one, image);
		has = true;
	}
	return has;
}

/*
 * Reads manifest.json of an archive that has both schemas: which one is used depends on the reader. Docker 25 wrote
 * index.json without layers (-ENODATA): only manifest.json is used then. Else images that only it lists are added.
 */
static int read_second_half(const struct bundle *bundle, struct model *model, bool is_only_truth, struct err *e)
{
	struct model second = { .format = MODEL_DOCKER_ARCHIVE };
	int r;

	err_done(e);
	r = model_read_docker(bundle, &second, e);
	if (!r && is_only_truth) {
		model_done(model);
		*model = second;
		return 0;
	}
	for (size_t i = 0; !r && i < second.n; i++) {
		struct model_image *image;

		if (has_config(model, &second.images[i]))
			continue;
		image = model_add(model, e);
		if (!image) {
			r = -E2BIG;
		} else {
			*image = second.images[i];
			second.images[i] = (struct model_image){ 0 };
			image->is_second_half = true;
		}
	}
	model_done(&second);
	return r;
}

int model_read(const struct bundle *bundle, struct model *ret, struct err *e)
{
	bool is_directory = bundle->dir >= 0;
	bool is_oci = bundle_has(bundle, "oci-layout") || bundle_has(bundle, "index.json");
	bool is_docker = !is_directory && bundle_has(bundle, "manifest.json");
	int r;

	*ret = (struct model){ 0 };
	if (!is_oci && !is_docker) {
		static const char *const names[] = { "bin/sh", "usr/bin/sh", "bin/busybox", "etc/passwd",
			"etc/os-release", "usr/lib/os-release" };

		/* A tar archive without image documents may be a root file system or a single layer. */
		for (size_t i = 0; bundle->dir < 0 && i < ARRAY_SIZE(names); i++)
			if (bundle_has(bundle, names[i])) {
				err_set(e, -EBADMSG, "not an image, but a root file system in a tar archive");
				return err_hint(e, "mkdir DIR && tar -xpf FILE -C DIR, then specify DIR");
			}
		err_set(e, -EBADMSG, "not an image: neither manifest.json nor oci-layout is in it");
		return err_hint(e, "'docker save' and 'skopeo copy' make images that can be read");
	}
	ret->format = is_directory	    ? MODEL_OCI_LAYOUT
		      : is_oci && is_docker ? MODEL_DUAL
		      : is_oci		    ? MODEL_OCI_ARCHIVE
					    : MODEL_DOCKER_ARCHIVE;
	if (!is_oci)
		return model_read_docker(bundle, ret, e);
	r = model_read_oci(bundle, ret, e);
	if (!is_docker || (r && r != -ENODATA))
		return r;
	return read_second_half(bundle, ret, r == -ENODATA, e);
}
