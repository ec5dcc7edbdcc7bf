// SPDX-License-Identifier: MIT
/* Reads the schema of OCI image-spec: index.json, nested indexes, manifests, configs, layers by digest. */
#include "image/model.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/descriptor.h"

/* A walk down from index.json. Of the documents above the current one, only descriptors are kept in memory. */
struct walk {
	const struct bundle *bundle;
	struct model *model;
	size_t top;	    /* number of the current entry of index.json */
	struct err missing; /* error for the first missing blob */
	bool has_other;	    /* a digest of another algorithm was found */
};

/* Checks the size, then the digest, then parses. -ENOENT with e set if the blob is missing. */
static int load_blob(struct walk *w, const struct descriptor *descriptor, struct json **ret, struct err *e)
{
	char path[BUNDLE_BLOB_NAME], digest[DIGEST_TEXT];
	auto_buf text = { 0 }, copy = { 0 };
	int r = descriptor_path(descriptor, path, e);

	if (r)
		return r;
	if (!descriptor->has_size)
		return err_set(e, -EBADMSG, "%s: a bad size", descriptor->digest);
	r = model_add_document(w->model, descriptor->size, e);
	if (!r)
		r = bundle_text(w->bundle, path, &text, e);
	if (r)
		return r == -ENOENT ? err_set(e, r, "the blob %s is missing", path) : r;
	if (text.len != descriptor->size)
		return err_set(e, -EBADMSG, "%s has %zu bytes instead of %llu", path, text.len,
			(unsigned long long)descriptor->size);
	digest_text(buf_text(&text), text.len, digest);
	if (strcmp(digest, descriptor->digest))
		return err_set(e, -EBADMSG, "%s does not have the digest that is its name", path);
	digest_base64(&copy, buf_text(&text), descriptor->data ? text.len : 0);
	if (descriptor->data && strcmp(descriptor->data, buf_text(&copy)))
		return err_set(e, -EBADMSG, "%s: differs from the copy in its descriptor", path);
	*ret = jv_load(buf_text(&text), text.len, e);
	if (!*ret)
		return err_prefix(e, "%s", path);
	return jv_is_object(*ret) ? 0 : err_set(e, -EBADMSG, "%s is not an object", path);
}

/* Go's JSON parser ignores the case of keys, others do not. */
static const char *const ambiguous_keys[] = { "manifests", "layers", "fsLayers", "config", "mediaType" };

/* Refuses a document that can be read as an index and as a manifest (CVE-2021-41190). */
static int check_kind(const struct json *body, const char *type, bool is_index, struct err *e)
{
	const char *own = jv_get_text(body, "mediaType");

	if (own && type && strcmp(own, type))
		return err_set(e, -EBADMSG, "a document of type %s that was described as %s", own, type);
	if (jv_get(body, "manifests") && (jv_get(body, "layers") || jv_get(body, "fsLayers")))
		return err_set(e, -EBADMSG, "a document with both manifests and layers");
	for (size_t i = 0; i < ARRAY_SIZE(ambiguous_keys); i++)
		if (jv_has_case_variant(body, ambiguous_keys[i]))
			return err_set(e, -EBADMSG, "a key that some readers take for '%s'", ambiguous_keys[i]);
	if (is_index && !jv_is_array(jv_get(body, "manifests")))
		return err_set(
			e, jv_get(body, "manifests") ? -EBADMSG : -ENODATA, "an index without a list of manifests");
	return 0;
}

/*
 * The suffix of a layer's media type, OCI's or Docker's: "" or a compression, else an unsupported form such as an
 * encrypted layer. NULL: not a layer of an image.
 */
static const char *layer_form(const char *type)
{
	static const char *const stems[] = { "application/vnd.oci.image.layer.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar" };

	for (size_t i = 0; type && i < ARRAY_SIZE(stems); i++)
		if (str_starts(type, stems[i]))
			return type + strlen(stems[i]);
	return NULL;
}

static int read_layers(struct walk *w, const struct descriptor_list *layers, struct model_image *image, struct err *e)
{
	if (layers->n > MODEL_LAYERS_MAX)
		return err_set(e, -EBADMSG, "a manifest without a list of at most %d layers", MODEL_LAYERS_MAX);
	if ((w->model->layers += layers->n) > MODEL_LAYERS_SUM)
		return err_set(e, -E2BIG, "more than %d layers in all", MODEL_LAYERS_SUM);
	image->layers = mem_new(layers->n + 1, sizeof(*image->layers));
	image->layer_sizes = mem_new(layers->n + 1, sizeof(*image->layer_sizes));
	image->is_opaque = mem_new(layers->n + 1, sizeof(*image->is_opaque));
	for (size_t i = 0; i < layers->n; i++) {
		const struct descriptor *layer = &layers->items[i];
		const char *form = layer_form(layer->type);
		char path[BUNDLE_BLOB_NAME];
		int r = descriptor_path(layer, path, e);

		if (r)
			return r;
		if (!layer->has_size)
			return err_set(e, -EBADMSG, "%s: a bad size", layer->digest);
		image->layer_sizes[i] = layer->size;
		image->is_opaque[i] =
			!form ||
			(*form && (!strchr("+.", *form) || !str_in_words("gzip zstd", form + 1, strlen(form + 1))));
		image->layers[image->n_layers++] = mem_text(path);
	}
	return 0;
}

static int read_config(struct walk *w, const struct descriptor *descriptor, struct model_image *image, struct err *e)
{
	auto_json *config = NULL;
	char name[BUNDLE_BLOB_NAME];
	size_t expected = 0;
	int r = load_blob(w, descriptor, &config, e);

	if (r)
		return r == -ENOENT && e ? e->code = -EBADMSG : r;
	r = model_read_config(config, image, &expected, e);
	if (!r)
		r = descriptor_path(descriptor, name, e);
	if (r)
		return r;
	image->config_digest = mem_text(descriptor->digest);
	image->config_name = mem_text(name);
	return expected == image->n_layers
		       ? 0
		       : err_set(e, image->n_layers ? -EBADMSG : -ENODATA,
				 "a manifest with %zu layers and a config with %zu", image->n_layers, expected);
}

/* Signatures have an image's config, but other layers. Anything with a digest other than sha256 is an artifact. */
static enum model_kind kind_of(struct walk *w, const struct descriptor *manifest, const struct descriptor *config,
	const struct json *list, const struct descriptor_list *layers)
{
	bool has_layers = false, has_others = config->kind == DESCRIPTOR_OTHER;

	if (manifest->is_attestation)
		return MODEL_ATTESTATION;
	for (size_t i = 0; i < layers->n; i++) {
		has_layers |= layer_form(layers->items[i].type) != NULL;
		has_others |= layers->items[i].kind == DESCRIPTOR_OTHER;
	}
	w->has_other |= has_others;
	if (!config->type || !jv_is_array(list) || has_others || (layers->n && !has_layers))
		return MODEL_ARTIFACT;
	return !strcmp(config->type, "application/vnd.oci.image.config.v1+json") ||
			       !strcmp(config->type, "application/vnd.docker.container.image.v1+json")
		       ? MODEL_IMAGE
		       : MODEL_ARTIFACT;
}

/* Reads a manifest and frees it before the config is read. */
static int read_parts(struct walk *w, const struct descriptor *descriptor, struct model_image *image,
	struct descriptor *ret_config, struct err *e)
{
	auto_descriptor_list layers = { 0 };
	auto_json *manifest = NULL;
	int r = load_blob(w, descriptor, &manifest, e);
	const char *subject = jv_get_text(jv_get(manifest, "subject"), "digest");

	if (!r)
		r = check_kind(manifest, descriptor->type, false, e);
	if (!r)
		r = model_copy_text(&image->subject, subject ? subject : descriptor->about, e);
	if (!r)
		r = descriptor_list_read(jv_get(manifest, "layers"), &layers, e);
	if (r)
		return r;
	descriptor_read(jv_get(manifest, "config"), ret_config);
	image->is_docker_type = str_starts(descriptor->type, "application/vnd.docker.");
	image->kind = kind_of(w, descriptor, ret_config, jv_get(manifest, "layers"), &layers);
	if (image->kind == MODEL_IMAGE)
		return read_layers(w, &layers, image, e);
	for (size_t i = 0; i < layers.n; i++)
		w->model->has_bad_digest |= layers.items[i].kind == DESCRIPTOR_INVALID;
	w->model->has_bad_digest |= jv_get(manifest, "config") && ret_config->kind == DESCRIPTOR_INVALID;
	return 0;
}

static int add_image(struct walk *w, const struct descriptor *descriptor, struct model_image **ret, struct err *e)
{
	*ret = model_add(w->model, e);
	if (!*ret)
		return e->code;
	(*ret)->top = w->top;
	(*ret)->kind = MODEL_ARTIFACT;
	return model_copy_text(&(*ret)->digest, descriptor->digest, e);
}

static int read_descriptor(struct walk *w, const struct descriptor *descriptor, const char *reference, struct err *e)
{
	struct model_image *image;
	auto_descriptor config = { 0 };
	int r = add_image(w, descriptor, &image, e);

	/* Unknown media types MUST NOT be an error (image-spec image-index.md). */
	w->has_other |= descriptor->kind == DESCRIPTOR_OTHER;
	w->model->has_bad_digest |= !descriptor_is_manifest(descriptor) && descriptor->kind == DESCRIPTOR_INVALID;
	if (r || !descriptor_is_manifest(descriptor) || descriptor->kind == DESCRIPTOR_OTHER)
		return r;
	r = model_copy_text(&image->reference, reference, e);
	if (!r)
		r = model_copy_text(&image->index_platform, descriptor->platform, e);
	if (!r)
		r = read_parts(w, descriptor, image, &config, e);
	if (r == -ENOENT) {
		image->kind = MODEL_ABSENT;
		return r;
	}
	return r || image->kind != MODEL_IMAGE ? r : read_config(w, &config, image, e);
}

static int read_list(
	struct walk *w, const struct descriptor_list *list, const char *reference, unsigned depth, struct err *e);

static int read_nested(
	struct walk *w, const struct descriptor *descriptor, const char *reference, unsigned depth, struct err *e)
{
	auto_descriptor_list list = { 0 };
	struct json *index = NULL;
	int r;

	if (depth == MODEL_DEPTH_MAX)
		return err_set(e, -EBADMSG, "indexes in indexes, more than %d deep", MODEL_DEPTH_MAX);
	r = load_blob(w, descriptor, &index, e);
	if (!r)
		r = check_kind(index, descriptor->type, true, e);
	if (!r)
		r = descriptor_list_read(jv_get(index, "manifests"), &list, e);
	jv_free(index);
	if (r == -ENOENT) {
		struct model_image *image;
		auto_err why = { 0 };

		/* The index's own blob is missing: record it, keep -ENOENT and e. */
		r = add_image(w, descriptor, &image, &why);
		if (!r) {
			image->kind = MODEL_ABSENT;
			r = model_copy_text(&image->reference, reference, &why);
		}
		return r ? err_move(e, &why) : -ENOENT;
	}
	return r ? r : read_list(w, &list, reference, depth + 1, e);
}

/* The first entry with the digest of this one: an image has an entry for each of its names. */
static size_t first_of(const struct descriptor_list *list, size_t i)
{
	size_t first = 0;

	while (first < i && (!list->items[i].digest || !list->items[first].digest ||
				    strcmp(list->items[first].digest, list->items[i].digest)))
		first++;
	return first;
}

/*
 * An index that was pulled for one platform also lists manifests whose blobs are missing: docker save and ctr export
 * write such files. Missing blobs are an error only if no image is present.
 */
static int read_list(
	struct walk *w, const struct descriptor_list *list, const char *reference, unsigned depth, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < list->n; i++) {
		const struct descriptor *one = &list->items[i];
		const char *name = one->name ? one->name : reference;
		auto_err why = { 0 };

		w->top = depth == 1 ? first_of(list, i) : w->top;
		r = descriptor_is_index(one) && one->kind != DESCRIPTOR_OTHER ? read_nested(w, one, name, depth, &why)
									      : read_descriptor(w, one, name, &why);
		if (r == -ENOENT) {
			err_move(w->missing.code ? NULL : &w->missing, &why);
			r = 0;
		} else if (r) {
			err_move(e, &why);
		}
	}
	return r;
}

static int check_layout(const struct bundle *bundle, struct err *e)
{
	auto_json *layout = NULL;
	const char *version;
	int r = bundle_json(bundle, "oci-layout", NULL, &layout, e);

	if (r)
		return r == -ENOENT ? err_set(e, -EBADMSG, "oci-layout is missing") : r;
	version = jv_get_text(layout, "imageLayoutVersion");
	if (!version || strcmp(version, "1.0.0"))
		return err_set(e, -EBADMSG, "OCI layout version %s: expected 1.0.0", version ? version : "none");
	return 0;
}

static size_t count_kind(const struct model *model, enum model_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < model->n; i++)
		n += model->images[i].kind == kind;
	return n;
}

int model_read_oci(const struct bundle *bundle, struct model *model, struct err *e)
{
	struct walk w = { .bundle = bundle, .model = model };
	auto_descriptor_list list = { 0 };
	struct json *index = NULL;
	int r = check_layout(bundle, e);

	if (!r)
		r = bundle_json(bundle, "index.json", NULL, &index, e);
	if (!r)
		r = check_kind(index, NULL, true, e);
	if (!r)
		r = descriptor_list_read(jv_get(index, "manifests"), &list, e);
	jv_free(index); /* before the documents below are read, to bound memory */
	if (!r)
		r = read_list(&w, &list, NULL, 1, e);
	if (!r && w.has_other && !count_kind(model, MODEL_IMAGE))
		r = err_set(e, -EBADMSG, MODEL_BAD_DIGEST);
	if (!r && w.missing.code && count_kind(model, MODEL_ABSENT) == model->n) {
		err_move(e, &w.missing);
		r = -EBADMSG;
		if (e)
			e->code = r;
	}
	err_done(&w.missing);
	return r;
}
