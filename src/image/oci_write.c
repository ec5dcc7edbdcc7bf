// SPDX-License-Identifier: MIT
/* Writes OCI images: one multi-platform index, separate images, or a copy of all that there is. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/memory.h"
#include "image/reach.h"
#include "image/reference.h"
#include "image/splice.h"
#include "image/write.h"

#define OCI "application/vnd.oci.image."

/* An index entry. Pointers are borrowed. */
struct entry {
	const char *type, *digest;
	uint64_t size;
	const struct write_image *image; /* source of the platform; NULL: none */
};

/* An image whose blobs were written. */
struct written {
	char manifest[DIGEST_TEXT];
	struct entry entry; /* of the manifest */
	struct buf layers;  /* blob names as a JSON list for manifest.json; owned */
};

/* Writes the layers. descriptors receives theirs if the image is of a docker-archive: else their names are digests. */
static int write_layers(const struct write_image *image, struct outlet *outlet, struct written *ret,
	struct buf *descriptors, struct err *e)
{
	for (size_t i = 0; i < image->image->n_layers; i++) {
		auto_with(member_done) struct member member = MEMBER_INIT;
		const char *layer = image->image->layers[i];
		char digest[DIGEST_TEXT], name[BUNDLE_BLOB_NAME];
		int r = bundle_find(image->bundle, layer, &member, e);

		if (r)
			return r;
		if (descriptors) {
			const char *codec = "none";

			/* docker-archives do not specify the compression: the layer's magic does. */
			source_free(source_decode(source_range(member.fd, member.offset, member.size), &codec, NULL));
			r = digest_range(member.fd, member.offset, member.size, digest);
			if (r)
				return err_sys(e, r, "cannot read %s", layer);
			buf_addf(descriptors, "%s{\"mediaType\":\"%s%s\",\"digest\":\"%s\",\"size\":%llu}",
				i ? "," : "", OCI "layer.v1.tar",
				!strcmp(codec, "gzip")	 ? "+gzip"
				: !strcmp(codec, "zstd") ? "+zstd"
							 : "",
				digest, (unsigned long long)member.size);
		} else {
			snprintf(digest, sizeof(digest), "sha256:%s", layer + strlen(BUNDLE_BLOBS));
		}
		bundle_blob_name(digest, name);
		buf_addf(&ret->layers, "%s\"%s\"", i ? "," : "", name);
		r = outlet_blob(outlet, &member, digest, e);
		if (r)
			return r;
	}
	return 0;
}

/* Writes config, layers and manifest. A manifest of OCI changes only if the config does. */
static int write_image(const struct write_image *image, struct outlet *outlet, struct written *ret, struct err *e)
{
	bool is_docker = !strcmp(image->image->digest, image->image->config_digest);
	auto_buf config = { 0 }, text = { 0 }, manifest = { 0 };
	char digest[DIGEST_TEXT], name[BUNDLE_BLOB_NAME];
	int r = write_config(image, &config, e);

	*ret = (struct written){ .entry = { .digest = ret->manifest, .image = image } };
	ret->entry.type = image->image->is_docker_type ? "application/vnd.docker.distribution.manifest.v2+json"
						       : OCI "manifest.v1+json";
	if (!r)
		r = outlet_text(outlet, &config, digest, e);
	if (r)
		return r;
	if (is_docker) {
		buf_addf(&manifest,
			"{\"schemaVersion\":2,\"mediaType\":\"" OCI
			"manifest.v1+json\",\"config\":{\"mediaType\":\"" OCI
			"config.v1+json\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
			digest, config.len);
		r = write_layers(image, outlet, ret, &manifest, e);
		buf_adds(&manifest, "]}");
	} else {
		struct splice s = { 0 };
		struct span span;

		bundle_blob_name(image->image->digest, name);
		r = write_layers(image, outlet, ret, NULL, e);
		if (!r)
			r = bundle_text(image->bundle, name, &text, e);
		if (!r && image->relabels && span_path(buf_text(&text), "config", &span))
			splice_descriptor(&s, buf_text(&text), span, digest, &config);
		splice_apply(&s, buf_text(&text), text.len, &manifest);
		splice_done(&s);
	}
	ret->entry.size = manifest.len;
	return r ? r : outlet_text(outlet, &manifest, ret->manifest, e);
}

/* The part after the last colon, unless that is a port. NULL: none. */
static const char *tag_of(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon && !strchr(colon, '/') ? colon + 1 : NULL;
}

/* Sets a member of an object of the entry, or of the entry itself (""). value is JSON; NULL removes the member. */
static void set_member(struct buf *entry, const char *path, const char *key, const char *value)
{
	const char *text = buf_text(entry);
	struct span object = span_whole(text), old;
	struct splice s = { 0 };
	struct buf changed = { 0 };

	if (*path)
		span_path(text, path, &object);
	if (!value)
		splice_drop_member(&s, text, object, key);
	else if (span_member(text, object, key, &old))
		splice_replace(&s, old, value);
	else
		splice_add_member(&s, text, object, key, value);
	splice_apply(&s, text, entry->len, &changed);
	splice_done(&s);
	buf_done(entry);
	*entry = changed;
}

/*
 * Names an entry: a tag, or a full name with a tag. Its other annotations stay. By image-spec, ref.name is a tag;
 * containerd adds the full name in an annotation of its own.
 */
static void name_entry(struct buf *entry, const char *name)
{
	const char *tag = tag_of(name);
	auto_buf full = { 0 }, quoted = { 0 };
	struct span annotations;

	if (!span_path(buf_text(entry), "annotations", &annotations) || buf_text(entry)[annotations.at] != '{')
		set_member(entry, "", "annotations", "{}");
	if (tag) {
		reference_full(name, &full);
		splice_quote(&quoted, buf_text(&full));
	}
	set_member(entry, "annotations", "io.containerd.image.name", tag ? buf_text(&quoted) : NULL);
	quoted.len = 0;
	splice_quote(&quoted, tag ? tag : name);
	set_member(entry, "annotations", "org.opencontainers.image.ref.name", buf_text(&quoted));
}

/* Appends an entry to the text of an index, which end_index() completes. name as above, or NULL. */
static void add_entry(struct buf *index, const struct entry *entry, const char *name)
{
	const struct write_image *one = entry->image;
	auto_buf text = { 0 };

	buf_addf(&text, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu", entry->type, entry->digest,
		(unsigned long long)entry->size);
	if (one && one->architecture) {
		buf_adds(&text, ",\"platform\":{\"architecture\":");
		splice_quote(&text, one->architecture);
		buf_adds(&text, ",\"os\":");
		splice_quote(&text, one->os ? one->os : "linux");
		if (*one->variant) {
			buf_adds(&text, ",\"variant\":");
			splice_quote(&text, one->variant);
		}
		buf_adds(&text, "}");
	}
	buf_adds(&text, "}");
	if (name)
		name_entry(&text, name);
	buf_adds(index,
		index->len ? "," : "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":[");
	buf_add(index, text.data, text.len);
}

/* Adds an entry for each name, or one without a name. */
static void add_entries(struct buf *index, const struct entry *entry, const char *const *tags, size_t n_tags)
{
	for (size_t i = 0; i < n_tags || !i; i++)
		add_entry(index, entry, n_tags ? tags[i] : NULL);
}

/* Writes index.json and what every layout ends with. */
static int end_index(struct buf *index, struct outlet *outlet, struct err *e)
{
	int r;

	buf_adds(index, "]}");
	r = outlet_document(outlet, "index.json", index, e);
	r = r ? r : outlet_layout(outlet, e);
	return r ? r : outlet_end(outlet, e);
}

void write_use_label(struct write_image *image)
{
	image->os = image->image->os;
	image->architecture = image->image->architecture;
	image->variant = image->image->variant ? image->image->variant : "";
}

const char *write_variant(const struct platform *platform)
{
	return !strcmp(platform->arch->oci, "arm64") && !strcmp(platform->variant, "v8") ? "" : platform->variant;
}

/* manifest.json for older versions of docker load: it lists the image for this machine's architecture. */
static void describe_host(
	const struct write_index *request, const struct write_image *image, const struct written *w, struct buf *out)
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

int oci_write_index(
	const struct write_index *request, struct outlet *outlet, char ret_digest[DIGEST_TEXT], struct err *e)
{
	auto_buf index = { 0 }, docker = { 0 }, top = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < request->n; i++) {
		const struct write_image *image = &request->images[i];
		struct written w;

		r = write_image(image, outlet, &w, e);
		add_entry(&index, &w.entry, NULL);
		if (!r && image->is_host && outlet->dir < 0 && !docker.len)
			describe_host(request, image, &w, &docker);
		buf_done(&w.layers);
	}
	buf_adds(&index, "]");
	for (size_t i = 0; i < request->n_annotations; i++) {
		const char *equals = strchr(request->annotations[i], '=');
		auto_free char *key = mem_part(request->annotations[i], (size_t)(equals - request->annotations[i]));

		buf_adds(&index, i ? "," : ",\"annotations\":{");
		splice_quote(&index, key);
		buf_adds(&index, ":");
		splice_quote(&index, equals + 1);
	}
	buf_adds(&index, request->n_annotations ? "}}" : "}");
	if (!r)
		r = outlet_text(outlet, &index, ret_digest, e);
	if (!r && docker.len)
		r = outlet_document(outlet, "manifest.json", &docker, e);
	if (r)
		return r;
	add_entries(&top, &(struct entry){ OCI "index.v1+json", ret_digest, index.len, NULL }, request->tags,
		request->n_tags);
	return end_index(&top, outlet, e);
}

int oci_write_images(const struct write_image *images, size_t n, struct outlet *outlet, struct err *e)
{
	auto_buf index = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		struct written w;

		r = write_image(&images[i], outlet, &w, e);
		add_entries(&index, &w.entry, images[i].tags, images[i].n_tags);
		buf_done(&w.layers);
	}
	return r ? r : end_index(&index, outlet, e);
}

/* Copies manifest.json if all members that it lists have been copied. */
static int copy_second_half(const struct bundle *bundle, struct outlet *outlet, struct err *e)
{
	auto_buf text = { 0 };
	auto_json *manifest = NULL;
	int r = bundle_json(bundle, "manifest.json", &text, &manifest, e);

	if (r)
		return r;
	for (size_t i = 0; i < jv_count(manifest); i++) {
		const struct json *item = jv_at(manifest, i);
		const struct json *layers = jv_get(item, "Layers");
		const char *name = jv_get_text(item, "Config");

		for (size_t k = 0; name && outlet_has(outlet, name) && k < jv_count(layers); k++)
			name = jv_as_text(jv_at(layers, k));
		if (!name || !outlet_has(outlet, name))
			return 0;
	}
	return outlet_document(outlet, "manifest.json", &text, e);
}

static int copy_document(const struct bundle *bundle, const char *name, struct outlet *outlet, struct err *e)
{
	auto_buf text = { 0 };
	int r = bundle_text(bundle, name, &text, e);

	return r ? r : outlet_document(outlet, name, &text, e);
}

/* Copies index.json with its single entry once for each new name; every other byte stays. */
static int rename_top(
	const struct bundle *bundle, const struct write_names *names, struct outlet *outlet, struct err *e)
{
	auto_buf text = { 0 }, entries = { 0 }, index = { 0 };
	struct span array, first = { 0 }, digest = { 0 }, all;
	struct splice s = { 0 };
	int r = bundle_text(bundle, "index.json", &text, e);

	if (r)
		return r;
	if (!span_path(buf_text(&text), "manifests", &array) || !span_next(buf_text(&text), array, &first))
		return err_set(e, -EBADMSG, "index.json without an entry");
	/* The same index may already have several names: all are replaced. */
	all = first;
	span_member(buf_text(&text), first, "digest", &digest);
	for (struct span item = first, other = { 0 }; span_next(buf_text(&text), array, &item);) {
		if (!span_member(buf_text(&text), item, "digest", &other) || other.len != digest.len ||
			memcmp(text.data + other.at, text.data + digest.at, other.len)) {
			err_set(e, -EINVAL, "index.json lists several things, which cannot have one name");
			return err_hint(e, "choose one, by its name or with --platform");
		}
		all.len = item.at + item.len - all.at;
	}
	for (size_t i = 0; i < names->n; i++) {
		auto_buf entry = { 0 };

		buf_add(&entry, text.data + first.at, first.len);
		name_entry(&entry, names->tags[i]);
		buf_adds(&entries, i ? "," : "");
		buf_add(&entries, entry.data, entry.len);
	}
	splice_replace(&s, all, buf_text(&entries));
	splice_apply(&s, buf_text(&text), text.len, &index);
	splice_done(&s);
	return outlet_document(outlet, "index.json", &index, e);
}

int oci_copy(const struct bundle *bundle, const struct model *model, const struct write_names *names,
	struct outlet *outlet, struct err *e)
{
	auto_reach reach = { 0 };
	int r = model->has_bad_digest ? err_set(e, -EBADMSG, MODEL_BAD_DIGEST) : reach_index(bundle, true, &reach, e);

	if (!r && reach.unverified) {
		err_set(e, -EBADMSG, "%s cannot be copied: only sha256 and sha512 digests are verified",
			reach.unverified);
		r = err_hint(e, "name one image, or a platform with --platform, to leave it out");
	}
	for (size_t i = 0; !r && i < reach.n; i++) {
		auto_with(member_done) struct member member = MEMBER_INIT;
		const char *name = reach.names[i] + strlen("blobs/");
		int n = (int)strcspn(name, "/");
		auto_free char *digest = mem_print("%.*s:%s", n, name, name + n + 1);

		r = bundle_find(bundle, reach.names[i], &member, e);
		if (!r)
			r = outlet_blob(outlet, &member, digest, e);
	}
	if (!r)
		r = names->n ? rename_top(bundle, names, outlet, e) : copy_document(bundle, "index.json", outlet, e);
	if (!r && !names->n && outlet->dir < 0 && bundle_has(bundle, "manifest.json"))
		r = copy_second_half(bundle, outlet, e);
	if (!r)
		r = copy_document(bundle, "oci-layout", outlet, e);
	return r ? r : outlet_end(outlet, e);
}
