// SPDX-License-Identifier: MIT
/* Writes new OCI images: one multi-platform index, or separate images. */
#include "image/oci_write.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/str.h"
#include "image/reference.h"
#include "image/splice.h"

#define OCI "application/vnd.oci.image."

/* An image whose blobs were written. */
struct written {
	char manifest[DIGEST_TEXT];
	struct oci_entry entry; /* of the manifest */
	struct buf layers;	/* blob names as a JSON list for manifest.json; owned */
};

static void list_layer(struct written *w, const char *digest)
{
	char name[BUNDLE_BLOB_NAME];

	bundle_blob_name(digest, name);
	buf_addf(&w->layers, "%s\"%s\"", w->layers.len ? "," : "", name);
}

/* Writes the image's own or its new config. */
static int write_config(const struct oci_image *image, struct outlet *outlet, char ret_digest[DIGEST_TEXT],
	uint64_t *ret_size, struct err *e)
{
	auto_with(member_done) struct member member = MEMBER_INIT;
	int r;

	if (image->config) {
		if (ret_size)
			*ret_size = image->config->len;
		return outlet_text(outlet, image->config, ret_digest, e);
	}
	snprintf(ret_digest, DIGEST_TEXT, "%s", image->image->config_digest);
	r = bundle_find(image->bundle, image->image->config_name, &member, e);
	if (ret_size)
		*ret_size = member.size;
	return r ? r : outlet_blob(outlet, &member, ret_digest, e);
}

/* Writes an image from an OCI bundle: its manifest changes only if the config is new. Blob names are digests. */
static int write_oci(const struct oci_image *image, struct outlet *outlet, struct written *ret, struct err *e)
{
	char config[DIGEST_TEXT], name[BUNDLE_BLOB_NAME];
	auto_buf text = { 0 }, manifest = { 0 };
	struct splice s = { 0 };
	struct span span;
	int r = write_config(image, outlet, config, NULL, e);

	for (size_t i = 0; !r && i < image->image->n_layers; i++) {
		auto_with(member_done) struct member member = MEMBER_INIT;
		const char *layer = image->image->layers[i];
		char digest[DIGEST_TEXT];

		snprintf(digest, sizeof(digest), "sha256:%s", layer + strlen(BUNDLE_BLOBS));
		list_layer(ret, digest);
		r = bundle_find(image->bundle, layer, &member, e);
		r = r ? r : outlet_blob(outlet, &member, digest, e);
	}
	bundle_blob_name(image->image->digest, name);
	if (!r)
		r = bundle_text(image->bundle, name, &text, e);
	if (!r && image->config && span_path(buf_text(&text), "config", &span))
		splice_descriptor(&s, buf_text(&text), span, config, image->config);
	splice_apply(&s, buf_text(&text), text.len, &manifest);
	splice_done(&s);
	if (!r)
		r = outlet_text(outlet, &manifest, ret->manifest, e);
	ret->entry.size = manifest.len;
	ret->entry.type = image->image->is_docker_type ? "application/vnd.docker.distribution.manifest.v2+json"
						       : OCI "manifest.v1+json";
	return r;
}

/* The media type of a layer by its magic: docker-archives do not specify the compression. */
static const char *layer_type(const struct member *member)
{
	struct source *source = source_range(member->fd, member->offset, member->size);
	const char *codec = "none";

	source = source ? source_decode(source, &codec, NULL) : NULL;
	source_free(source);
	return !strcmp(codec, "gzip")	? OCI "layer.v1.tar+gzip"
	       : !strcmp(codec, "zstd") ? OCI "layer.v1.tar+zstd"
					: OCI "layer.v1.tar";
}

static int write_docker(const struct oci_image *image, struct outlet *outlet, struct written *ret, struct err *e)
{
	auto_buf manifest = { 0 };
	char config[DIGEST_TEXT];
	uint64_t size = 0;
	int r = write_config(image, outlet, config, &size, e);

	buf_addf(&manifest,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\",\"config\":{\"mediaType\":\"" OCI
		"config.v1+json\",\"digest\":\"%s\",\"size\":%llu},\"layers\":[",
		config, (unsigned long long)size);
	for (size_t i = 0; !r && i < image->image->n_layers; i++) {
		auto_with(member_done) struct member member = MEMBER_INIT;
		char digest[DIGEST_TEXT];

		r = bundle_find(image->bundle, image->image->layers[i], &member, e);
		if (!r && (r = digest_range(member.fd, member.offset, member.size, digest)))
			err_sys(e, r, "cannot read %s", image->image->layers[i]);
		if (r)
			return r;
		buf_addf(&manifest, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}", i ? "," : "",
			layer_type(&member), digest, (unsigned long long)member.size);
		list_layer(ret, digest);
		r = outlet_blob(outlet, &member, digest, e);
	}
	buf_adds(&manifest, "]}");
	if (!r)
		r = outlet_text(outlet, &manifest, ret->manifest, e);
	ret->entry.size = manifest.len;
	ret->entry.type = OCI "manifest.v1+json";
	return r;
}

/* The caller frees ret->layers, also on failure. */
static int write_image(const struct oci_image *image, struct outlet *outlet, struct written *ret, struct err *e)
{
	bool is_docker = !strcmp(image->image->digest, image->image->config_digest);

	*ret = (struct written){ .entry.digest = ret->manifest, .entry.image = image };
	return is_docker ? write_docker(image, outlet, ret, e) : write_oci(image, outlet, ret, e);
}

/* The part after the last colon, unless that is a port. NULL: none. */
static const char *tag_of(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon && !strchr(colon, '/') ? colon + 1 : NULL;
}

void oci_add_entry(struct buf *index, const struct oci_entry *entry, const char *name)
{
	const struct oci_image *one = entry->image;

	buf_adds(index,
		index->len ? "," : "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":[");
	buf_addf(index, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu", entry->type, entry->digest,
		(unsigned long long)entry->size);
	if (one && one->architecture) {
		buf_adds(index, ",\"platform\":{\"architecture\":");
		splice_quote(index, one->architecture);
		buf_adds(index, ",\"os\":");
		splice_quote(index, one->os ? one->os : "linux");
		if (*one->variant) {
			buf_adds(index, ",\"variant\":");
			splice_quote(index, one->variant);
		}
		buf_adds(index, "}");
	}
	if (name) {
		const char *tag = tag_of(name);

		/* By image-spec, ref.name is a tag; containerd adds the full name in an annotation of its own. */
		buf_adds(index, ",\"annotations\":{");
		if (tag) {
			auto_buf full = { 0 };

			reference_full(name, &full);
			buf_adds(index, "\"io.containerd.image.name\":");
			splice_quote(index, buf_text(&full));
			buf_adds(index, ",");
		}
		buf_adds(index, "\"org.opencontainers.image.ref.name\":");
		splice_quote(index, tag ? tag : name);
		buf_adds(index, "}");
	}
	buf_adds(index, "}");
}

void oci_use_label(struct oci_image *image)
{
	image->os = image->image->os;
	image->architecture = image->image->architecture;
	image->variant = image->image->variant ? image->image->variant : "";
}

const char *oci_variant(const struct platform *platform)
{
	return !strcmp(platform->arch->oci, "arm64") && !strcmp(platform->variant, "v8") ? "" : platform->variant;
}

static int write_top(const struct oci_index *request, const struct buf *index, struct outlet *outlet,
	char digest[DIGEST_TEXT], struct err *e)
{
	const struct oci_entry entry = { .type = OCI "index.v1+json", .digest = digest, .size = index->len };
	int r = outlet_text(outlet, index, digest, e);
	auto_buf top = { 0 };

	for (size_t i = 0; i < request->n_tags || !i; i++)
		oci_add_entry(&top, &entry, request->n_tags ? request->tags[i] : NULL);
	buf_adds(&top, "]}");
	if (!r)
		r = outlet_document(outlet, "index.json", &top, e);
	return r ? r : outlet_layout(outlet, e);
}

/* Writes manifest.json for older versions of docker load: it lists the image for this machine's architecture. */
static void describe_host(
	const struct oci_index *request, const struct oci_image *image, const struct written *w, struct buf *out)
{
	size_t n = 0;

	buf_addf(out, "[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[",
		image->image->config_digest + strlen("sha256:"));
	for (size_t i = 0; i < request->n_tags; i++)
		if (tag_of(request->tags[i])) {
			buf_adds(out, n++ ? "," : "");
			splice_quote(out, request->tags[i]);
		}
	buf_addf(out, "],\"Layers\":[%s]}]", buf_text(&w->layers));
}

int oci_write_index(const struct oci_index *request, struct outlet *outlet, char ret_digest[DIGEST_TEXT], struct err *e)
{
	auto_buf index = { 0 }, docker = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < request->n; i++) {
		const struct oci_image *image = &request->images[i];
		struct written w;

		r = write_image(image, outlet, &w, e);
		oci_add_entry(&index, &w.entry, NULL);
		if (!r && image->is_host && outlet->dir < 0 && !docker.len)
			describe_host(request, image, &w, &docker);
		buf_done(&w.layers);
	}
	buf_adds(&index, "]");
	for (size_t i = 0; i < request->n_annotations; i++) {
		const char *equals = strchr(request->annotations[i], '=');
		auto_buf key = { 0 };

		buf_add(&key, request->annotations[i], (size_t)(equals - request->annotations[i]));
		buf_adds(&index, i ? "," : ",\"annotations\":{");
		splice_quote(&index, buf_text(&key));
		buf_adds(&index, ":");
		splice_quote(&index, equals + 1);
	}
	if (request->n_annotations)
		buf_adds(&index, "}");
	buf_adds(&index, "}");
	if (!r)
		r = write_top(request, &index, outlet, ret_digest, e);
	if (!r && docker.len)
		r = outlet_document(outlet, "manifest.json", &docker, e);
	return r ? r : outlet_end(outlet, e);
}

int oci_write_images(const struct oci_image *images, size_t n, struct outlet *outlet, struct err *e)
{
	auto_buf index = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		struct written w;

		r = write_image(&images[i], outlet, &w, e);
		for (size_t k = 0; !r && (k < images[i].n_tags || !k); k++)
			oci_add_entry(&index, &w.entry, images[i].n_tags ? images[i].tags[k] : NULL);
		buf_done(&w.layers);
	}
	buf_adds(&index, "]}");
	if (!r)
		r = outlet_document(outlet, "index.json", &index, e);
	if (!r)
		r = outlet_layout(outlet, e);
	return r ? r : outlet_end(outlet, e);
}
