// SPDX-License-Identifier: MIT
/* The schema of OCI image-spec: index.json, nested indexes, manifests, configs, layers by digest. */
#include "image/oci.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"

enum { BLOB_PATH = 16 + 64 + 1, DOCUMENTS_MAX = 1000, DOCUMENTS_BYTES_MAX = 32 * 1024 * 1024 };

/* A walk down from index.json. */
struct walk {
	const struct bundle *bundle;
	struct model *model;
	unsigned documents;
	uint64_t bytes;
	size_t top; /* the entry of index.json below which it is */
};

/* The descriptor by which something was reached, and the tag above it. */
struct place {
	const struct json *descriptor;
	const char *reference;
	unsigned depth;
};

static const char *const index_types[] = { "application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json", NULL };
static const char *const manifest_types[] = { "application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json", NULL };
static const char *const config_types[] = { "application/vnd.oci.image.config.v1+json",
	"application/vnd.docker.container.image.v1+json", NULL };

static bool is_one_of(const char *type, const char *const *types)
{
	for (; type && *types; types++)
		if (!strcmp(type, *types))
			return true;
	return false;
}

bool model_is_index(const char *type)
{
	return is_one_of(type, index_types);
}

bool model_is_manifest(const char *type)
{
	return is_one_of(type, manifest_types);
}

/* image-spec descriptor.md: digest, size and mediaType are required; the digest becomes a path. */
static int blob_path(const struct json *descriptor, char path[BLOB_PATH], uint64_t *ret_size, struct err *e)
{
	const char *digest = jv_get_text(descriptor, "digest");

	if (!digest || !digest_is_valid(digest))
		return err_set(e, -EBADMSG, "a digest that is not sha256 with 64 lower-case digits");
	if (!jv_get_size(descriptor, "size", ret_size))
		return err_set(e, -EBADMSG, "%s: a bad size", digest);
	snprintf(path, BLOB_PATH, "blobs/sha256/%s", digest + 7);
	return 0;
}

/* Whether text is the base64 of these bytes. */
static bool is_base64_of(const char *text, const struct buf *bytes)
{
	auto_buf expected = { 0 };

	str_base64(&expected, buf_text(bytes), bytes->len);
	return buf_ok(&expected) && !strcmp(text, buf_text(&expected));
}

/* Size before digest before parsing. *ret is NULL when the blob is not here, which is allowed. */
static int load_blob(struct walk *w, const struct json *descriptor, struct json **ret, struct err *e)
{
	auto_buf text = { 0 };
	char path[BLOB_PATH], digest[DIGEST_TEXT];
	uint64_t size;
	int r = blob_path(descriptor, path, &size, e);

	*ret = NULL;
	if (r)
		return r;
	w->bytes += size;
	if (++w->documents > DOCUMENTS_MAX || w->bytes > DOCUMENTS_BYTES_MAX)
		return err_set(e, -E2BIG, "more than %d documents or %d MiB of them in the image", DOCUMENTS_MAX,
			DOCUMENTS_BYTES_MAX >> 20);
	r = bundle_text(w->bundle, path, &text, e);
	if (r)
		return r == -ENOENT ? err_set(e, -EBADMSG, "the blob %s is missing", path) : r;
	if (text.len != size)
		return err_set(
			e, -EBADMSG, "%s has %zu bytes instead of %llu", path, text.len, (unsigned long long)size);
	digest_text(buf_text(&text), text.len, digest);
	if (strcmp(digest, jv_get_text(descriptor, "digest")))
		return err_set(e, -EBADMSG, "%s does not have the digest that is its name", path);
	if (jv_get_text(descriptor, "data") && !is_base64_of(jv_get_text(descriptor, "data"), &text))
		return err_set(e, -EBADMSG, "%s: the copy in its descriptor is something else", path);
	*ret = jv_load(buf_text(&text), text.len, e);
	if (!*ret)
		return err_prefix(e, "%s", path);
	return jv_is_object(*ret) ? 0 : err_set(e, -EBADMSG, "%s is no object", path);
}

/* Go's JSON reader does not mind the case of keys, others do. */
static const char *const ambiguous_keys[] = { "manifests", "layers", "fsLayers", "config", "mediaType" };

/* CVE-2021-41190: a document that can be read as an index and as a manifest. */
static int check_kind(const struct json *body, const char *type, bool is_index, struct err *e)
{
	const char *own = jv_get_text(body, "mediaType");

	if (own && type && strcmp(own, type))
		return err_set(e, -EBADMSG, "a document that says it is %s and was called %s", own, type);
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

/* Tar layers in any of their compressions, of both families; not encrypted ones or other artifacts. */
static bool is_readable_layer(const char *type)
{
	static const char *const stems[] = { "application/vnd.oci.image.layer.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar" };
	static const char *const ends[] = { "", "+gzip", "+zstd", ".gzip", ".zstd" };

	for (size_t i = 0; type && i < ARRAY_SIZE(stems); i++)
		for (size_t k = 0; str_starts(type, stems[i]) && k < ARRAY_SIZE(ends); k++)
			if (!strcmp(type + strlen(stems[i]), ends[k]))
				return true;
	return false;
}

static int read_layers(const struct json *layers, struct model_image *image, struct err *e)
{
	size_t n = jv_count(layers);

	if (!jv_is_array(layers) || n > MODEL_LAYERS_MAX)
		return err_set(e, -EBADMSG, "a manifest without a list of at most %d layers", MODEL_LAYERS_MAX);
	image->layers = mem_new(n ? n : 1, sizeof(*image->layers));
	if (!image->layers)
		return err_sys(e, -ENOMEM, "cannot read the image");
	image->n_layers = n;
	image->layer_sizes = mem_new(n ? n : 1, sizeof(*image->layer_sizes));
	image->is_opaque = mem_new(n ? n : 1, sizeof(*image->is_opaque));
	if (!image->layer_sizes || !image->is_opaque)
		return err_sys(e, -ENOMEM, "cannot read the image");
	for (size_t i = 0; i < n; i++) {
		char path[BLOB_PATH];
		int r = blob_path(jv_at(layers, i), path, &image->layer_sizes[i], e);

		if (r)
			return r;
		image->is_opaque[i] = !is_readable_layer(jv_get_text(jv_at(layers, i), "mediaType"));
		image->layers[i] = mem_text(path);
		if (!image->layers[i])
			return err_sys(e, -ENOMEM, "cannot read the image");
	}
	return 0;
}

/*
 * BuildKit's attestations have a platform that is none. Engines choose by platform: what has one is an image, whatever
 * its annotations say.
 */
static bool is_attestation(const struct json *descriptor)
{
	const char *os = jv_get_text(jv_get(descriptor, "platform"), "os");
	const char *type = jv_get_text(jv_get(descriptor, "annotations"), "vnd.docker.reference.type");

	return os ? !strcmp(os, "unknown") : type && !strcmp(type, "attestation-manifest");
}

static int copy_platform(const struct json *platform, struct model_image *image, struct err *e)
{
	const char *os = jv_get_text(platform, "os"), *arch = jv_get_text(platform, "architecture");
	const char *variant = jv_get_text(platform, "variant");
	auto_buf text = { 0 };

	if (!os || !arch)
		return 0;
	buf_addf(&text, "%s/%s%s%s", os, arch, variant ? "/" : "", variant ? variant : "");
	return model_copy_text(&image->index_platform, buf_text(&text), e);
}

static int read_runnable(struct walk *w, const struct json *manifest, struct model_image *image, struct err *e)
{
	auto_json *config = NULL;
	size_t expected = 0;
	int r = load_blob(w, jv_get(manifest, "config"), &config, e);

	if (!r)
		r = model_read_config(config, image, &expected, e);
	if (!r)
		r = model_copy_text(&image->config_digest, jv_get_text(jv_get(manifest, "config"), "digest"), e);
	if (!r) {
		char name[BLOB_PATH];
		uint64_t size;

		r = blob_path(jv_get(manifest, "config"), name, &size, e);
		if (!r)
			r = model_copy_text(&image->config_name, name, e);
	}
	if (!r)
		r = read_layers(jv_get(manifest, "layers"), image, e);
	if (!r && (w->model->layers += image->n_layers) > MODEL_LAYERS_SUM)
		r = err_set(e, -E2BIG, "more than %d layers in all", MODEL_LAYERS_SUM);
	if (!r && expected != image->n_layers)
		return err_set(e, image->n_layers ? -EBADMSG : -ENODATA,
			"a manifest with %zu layers and a config with %zu", image->n_layers, expected);
	return r;
}

/* A blob of something that is no image; what is no sha256 digest is no name that we would ever take away. */
static int add_other(struct walk *w, const struct json *descriptor, struct err *e)
{
	const char *digest = jv_get_text(descriptor, "digest");
	struct model *model = w->model;
	char path[BLOB_PATH];

	if (!digest || !digest_is_valid(digest))
		return 0;
	if (++model->layers > MODEL_LAYERS_SUM)
		return err_set(e, -E2BIG, "more than %d layers in all", MODEL_LAYERS_SUM);
	snprintf(path, sizeof(path), "blobs/sha256/%s", digest + strlen("sha256:"));
	return mem_push_text(&model->others, &model->n_others, &model->others_cap, path)
		       ? err_sys(e, -ENOMEM, "cannot read the image")
		       : 0;
}

/* An artifact may have what is also a layer, a config or a manifest of an image. */
static int read_artifact(struct walk *w, const struct json *manifest, struct err *e)
{
	const struct json *layers = jv_get(manifest, "layers");
	int r = add_other(w, jv_get(manifest, "config"), e);

	for (size_t i = 0; !r && i < jv_count(layers); i++)
		r = add_other(w, jv_at(layers, i), e);
	return r;
}

static int read_manifest(struct walk *w, const struct place *place, struct err *e)
{
	auto_json *manifest = NULL;
	struct model_image *image = model_add(w->model, e);
	const char *config_type;
	int r;

	if (!image)
		return e ? e->code : -E2BIG;
	image->top = w->top;
	r = model_copy_text(&image->reference, place->reference, e);
	if (!r)
		r = model_copy_text(&image->digest, jv_get_text(place->descriptor, "digest"), e);
	if (!r)
		r = copy_platform(jv_get(place->descriptor, "platform"), image, e);
	if (!r)
		r = load_blob(w, place->descriptor, &manifest, e);
	if (!r)
		r = check_kind(manifest, jv_get_text(place->descriptor, "mediaType"), false, e);
	if (r)
		return r;
	r = model_copy_text(&image->subject, jv_get_text(jv_get(manifest, "subject"), "digest"), e);
	if (r)
		return r;
	config_type = jv_get_text(jv_get(manifest, "config"), "mediaType");
	image->is_docker_type = is_one_of(jv_get_text(place->descriptor, "mediaType"), manifest_types + 1);
	image->kind = is_attestation(place->descriptor)	     ? MODEL_ATTESTATION
		      : is_one_of(config_type, config_types) ? MODEL_IMAGE
							     : MODEL_ARTIFACT;
	return image->kind == MODEL_IMAGE ? read_runnable(w, manifest, image, e) : read_artifact(w, manifest, e);
}

/* image-spec: ref.name on entries of index.json; containerd puts the whole name beside it. */
const char *model_reference_of(const struct json *descriptor, const char *above)
{
	const struct json *annotations = jv_get(descriptor, "annotations");
	const char *full = jv_get_text(annotations, "io.containerd.image.name");
	const char *ref = jv_get_text(annotations, "org.opencontainers.image.ref.name");

	return full ? full : ref ? ref : above;
}

static int read_index(struct walk *w, const struct json *index, const char *reference, unsigned depth, struct err *e);

static int read_nested(struct walk *w, const struct place *place, struct err *e)
{
	auto_json *index = NULL;
	int r;

	if (place->depth == MODEL_DEPTH_MAX)
		return err_set(e, -EBADMSG, "indexes in indexes, more than %d deep", MODEL_DEPTH_MAX);
	r = load_blob(w, place->descriptor, &index, e);
	if (!r)
		r = check_kind(index, jv_get_text(place->descriptor, "mediaType"), true, e);
	return r ? r : read_index(w, index, place->reference, place->depth + 1, e);
}

static int read_descriptor(struct walk *w, const struct place *place, struct err *e)
{
	const char *type = jv_get_text(place->descriptor, "mediaType");
	struct model_image *image;

	if (model_is_index(type))
		return read_nested(w, place, e);
	if (model_is_manifest(type))
		return read_manifest(w, place, e);
	image = model_add(w->model, e); /* unknown media types MUST NOT be an error */
	if (!image)
		return e ? e->code : -E2BIG;
	image->kind = MODEL_ARTIFACT;
	return model_copy_text(&image->digest, jv_get_text(place->descriptor, "digest"), e);
}

static int read_index(struct walk *w, const struct json *index, const char *reference, unsigned depth, struct err *e)
{
	const struct json *manifests = jv_get(index, "manifests");
	int r = 0;

	for (size_t i = 0; !r && i < jv_count(manifests); i++) {
		const struct json *descriptor = jv_at(manifests, i);
		struct place place = { descriptor, model_reference_of(descriptor, reference), depth };

		w->top = depth == 1 ? i : w->top;
		r = jv_is_object(descriptor) ? read_descriptor(w, &place, e)
					     : err_set(e, -EBADMSG, "an index entry that is no object");
	}
	return r;
}

static int check_layout(const struct bundle *bundle, struct err *e)
{
	auto_buf text = { 0 };
	auto_json *layout = NULL;
	const char *version;
	int r = bundle_text(bundle, "oci-layout", &text, e);

	if (r)
		return r == -ENOENT ? err_set(e, -EBADMSG, "oci-layout is missing") : r;
	layout = jv_load(buf_text(&text), text.len, e);
	if (!layout)
		return err_prefix(e, "oci-layout");
	version = jv_get_text(layout, "imageLayoutVersion");
	if (!version || strcmp(version, "1.0.0"))
		return err_set(e, -EBADMSG, "an OCI layout of version %s, and 1.0.0 is what there is",
			version ? version : "none");
	return 0;
}

int model_read_oci(const struct bundle *bundle, struct model *model, struct err *e)
{
	struct walk walk = { .bundle = bundle, .model = model };
	auto_buf text = { 0 };
	auto_json *index = NULL;
	int r = check_layout(bundle, e);

	if (!r)
		r = bundle_text(bundle, "index.json", &text, e);
	if (r)
		return r;
	index = jv_load(buf_text(&text), text.len, e);
	if (!index)
		return err_prefix(e, "index.json");
	r = check_kind(index, NULL, true, e);
	return r ? r : read_index(&walk, index, NULL, 1, e);
}
