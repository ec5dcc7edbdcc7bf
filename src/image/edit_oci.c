// SPDX-License-Identifier: MIT
/* Plans changes of the OCI schema: layers in a manifest, and new digests in every document above it. */
#include "image/edit.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/descriptor.h"
#include "image/splice.h"

/* A document that was visited; if unchanged, both digests are equal. */
struct document {
	char was[DIGEST_TEXT], is[DIGEST_TEXT];
	bool is_chosen; /* visited under the requested name: under other names, the same document is unchanged */
};

struct walk {
	const struct edit_request *request;
	struct edit *edit;
	struct document *documents;
	size_t n;
};

/* An index being changed; is_above: a name of a parent entry matches the requested one. */
struct level {
	unsigned depth;
	bool is_above;
	struct descriptor_list manifests;
};

/* The descriptor's own name decides, else its parent's. */
static bool is_chosen(const struct walk *w, const struct descriptor *descriptor, bool is_above)
{
	const char *reference = w->request->reference;

	return !reference || (descriptor->name ? model_is_named(descriptor->name, reference) : is_above);
}

static const struct document *find(const struct walk *w, const char *digest, bool is_chosen)
{
	for (size_t i = 0; digest && i < w->n; i++)
		if (w->documents[i].is_chosen == is_chosen && !strcmp(w->documents[i].was, digest))
			return &w->documents[i];
	return NULL;
}

/* Records a visited document. If it has changed, its text is added as a new blob and moved. */
static int remember(struct walk *w, const char *was, bool is_chosen, struct buf *text, struct err *e)
{
	struct document *d = &w->documents[w->n];
	char name[BUNDLE_BLOB_NAME];

	if (w->n == MODEL_DOCUMENTS_MAX)
		return err_set(e, -E2BIG, "more than %d documents in the image", MODEL_DOCUMENTS_MAX);
	*d = (struct document){ .is_chosen = is_chosen };
	snprintf(d->was, sizeof(d->was), "%s", was);
	digest_text(buf_text(text), text->len, d->is);
	w->n++;
	if (!strcmp(d->was, d->is))
		return 0;
	bundle_blob_name(d->is, name);
	edit_add_document(w->edit, name, text);
	return 0;
}

static void point_to(
	const struct walk *w, struct splice *s, const char *text, struct span descriptor, const struct document *d)
{
	char name[BUNDLE_BLOB_NAME];

	bundle_blob_name(d->is, name);
	splice_descriptor(s, text, descriptor, d->is, edit_document(w->edit, name));
}

static bool is_docker_family(const struct json *manifest)
{
	const char *config_type = jv_get_text(jv_get(manifest, "config"), "mediaType");

	return config_type && str_starts(config_type, "application/vnd.docker.");
}

static int change_layers(struct walk *w, const struct edit_target *target, const struct json *manifest,
	const char *text, struct splice *s)
{
	/* The layer's media type follows the manifest's family. No annotations: Docker's manifests have none. */
	static const char *const types[][3] = {
		{ "oci.image.layer.v1.tar", "oci.image.layer.v1.tar+gzip", "oci.image.layer.v1.tar+zstd" },
		{ "docker.image.rootfs.diff.tar", "docker.image.rootfs.diff.tar.gzip",
			"docker.image.rootfs.diff.tar.zstd" },
	};
	const struct json *layers = jv_get(manifest, "layers");
	const struct graft *graft = target->graft;
	char name[BUNDLE_BLOB_NAME];
	auto_buf layer = { 0 };
	struct span span;

	if (!span_member(text, span_whole(text), "layers", &span))
		return -EBADMSG;
	for (size_t i = 0; i < jv_count(layers); i++) {
		const char *digest = jv_get_text(jv_at(layers, i), "digest");

		if (i >= target->n_layers || !target->drops[i] || !digest || !digest_is_valid(digest))
			continue;
		bundle_blob_name(digest, name);
		edit_add_obsolete(w->edit, name);
	}
	if (graft) {
		buf_addf(&layer, "{\"mediaType\":\"application/vnd.%s\",\"digest\":\"%s\",\"size\":%llu}",
			types[is_docker_family(manifest)][graft->codec], graft->digest,
			(unsigned long long)graft->stored_size);
		bundle_blob_name(graft->digest, name);
		edit_add_layer(w->edit, name, graft);
	}
	edit_layers(target, s, text, span, buf_text(&layer));
	return 0;
}

static int change_manifest(struct walk *w, const struct buf *text, struct buf *out, struct err *e)
{
	auto_json *manifest = jv_load(buf_text(text), text->len, e);
	const char *digest = jv_get_text(jv_get(manifest, "config"), "digest");
	const struct edit_target *target = edit_find(w->request->targets, w->request->n, digest);
	struct splice s = { 0 };
	struct span config;
	int r = 0;

	if (!manifest)
		return e ? e->code : -EBADMSG;
	if (target && jv_is_array(jv_get(manifest, "layers"))) {
		/* Checked per manifest: one of OCI's and one of Docker's may share a config. */
		if (target->graft && target->graft->codec == GRAFT_ZSTD && is_docker_family(manifest))
			return err_set(e, -EBADMSG,
				"layers of Docker's formats are not compressed with zstd: not every engine reads them");
		if (!find(w, target->digest, true)) {
			auto_buf own = { 0 };

			buf_add(&own, buf_text(&target->config), target->config.len);
			r = remember(w, target->digest, true, &own, e);
		}
		if (!r && change_layers(w, target, manifest, buf_text(text), &s))
			r = err_sys(e, -EBADMSG, "cannot change the image");
		if (!r && span_path(buf_text(text), "config", &config))
			point_to(w, &s, buf_text(text), config, find(w, digest, true));
	}
	if (!r)
		splice_apply(&s, buf_text(text), text->len, out);
	splice_done(&s);
	return r;
}

static int change_index(struct walk *w, const struct buf *text, struct level *level, struct buf *out, struct err *e);

static int change_descriptor(
	struct walk *w, const struct descriptor *descriptor, unsigned depth, bool chosen, struct err *e)
{
	bool is_index = descriptor_is_index(descriptor);
	struct level level = { .depth = depth + 1, .is_above = chosen };
	char name[BUNDLE_BLOB_NAME], own[DIGEST_TEXT];
	auto_buf text = { 0 }, out = { 0 };
	int r;

	if ((!is_index && !descriptor_is_manifest(descriptor)) || descriptor->kind == DESCRIPTOR_OTHER ||
		find(w, descriptor->digest, chosen))
		return 0;
	if (depth == MODEL_DEPTH_MAX)
		return err_set(e, -EBADMSG, "indexes in indexes, more than %d deep", MODEL_DEPTH_MAX);
	r = descriptor_path(descriptor, name, e);
	if (!r)
		r = bundle_text(w->request->bundle, name, &text, e);
	if (r == -ENOENT) { /* not every platform of an index was pulled */
		if (e)
			err_done(e);
		return 0;
	}
	if (r)
		return r;
	digest_text(buf_text(&text), text.len, own);
	if (strcmp(own, descriptor->digest))
		return err_set(e, -EBADMSG, "%s does not have the digest that is its name", name);
	if (is_index)
		r = change_index(w, &text, &level, &out, e);
	else if (chosen)
		r = change_manifest(w, &text, &out, e);
	return r ? r : remember(w, descriptor->digest, chosen, is_index || chosen ? &out : &text, e);
}

/* Whether the index still lists the unchanged manifest of this digest, under another name. */
static bool is_listed(const struct walk *w, const struct level *level, const char *digest)
{
	for (size_t i = 0; i < level->manifests.n; i++) {
		const struct descriptor *one = &level->manifests.items[i];
		const struct document *d = find(w, one->digest, is_chosen(w, one, level->is_above));

		if (d && !strcmp(d->was, digest) && !strcmp(d->is, digest))
			return true;
	}
	return false;
}

/* BuildKit's attestation is listed beside the image and refers to it by digest: updates that digest. */
static void follow_reference(
	const struct walk *w, const struct level *level, const char *text, struct span item, struct splice *s)
{
	struct span annotations, reference;
	auto_buf value = { 0 };

	if (!span_member(text, item, "annotations", &annotations) ||
		!span_member(text, annotations, "vnd.docker.reference.digest", &reference))
		return;
	for (size_t i = 0; i < w->n; i++) {
		const struct document *d = &w->documents[i];

		if (reference.len != strlen(d->was) + 2 || memcmp(text + reference.at + 1, d->was, strlen(d->was)) ||
			!strcmp(d->was, d->is) || is_listed(w, level, d->was))
			continue;
		buf_addf(&value, "\"%s\"", d->is);
		splice_replace(s, reference, buf_text(&value));
		return;
	}
}

/* The parsed index is freed before its entries are changed, which bounds memory; only text and descriptors are kept. */
static int change_index(struct walk *w, const struct buf *text, struct level *level, struct buf *out, struct err *e)
{
	struct json *index = jv_load(buf_text(text), text->len, e);
	struct descriptor_list *manifests = &level->manifests;
	struct span array, item = { 0 };
	struct splice s = { 0 };
	int r = index ? descriptor_list_read(jv_get(index, "manifests"), manifests, e) : e ? e->code : -EBADMSG;

	jv_free(index);
	for (size_t i = 0; !r && i < manifests->n; i++) {
		const struct descriptor *one = &manifests->items[i];

		r = change_descriptor(w, one, level->depth, is_chosen(w, one, level->is_above), e);
	}
	if (!r && span_path(buf_text(text), "manifests", &array))
		for (size_t i = 0; i < manifests->n && span_next(buf_text(text), array, &item); i++) {
			const struct descriptor *one = &manifests->items[i];
			const struct document *d = find(w, one->digest, is_chosen(w, one, level->is_above));

			if (d && strcmp(d->was, d->is))
				point_to(w, &s, buf_text(text), item, d);
			follow_reference(w, level, buf_text(text), item, &s);
		}
	if (!r)
		splice_apply(&s, buf_text(text), text->len, out);
	splice_done(&s);
	descriptor_list_done(manifests);
	return r;
}

int edit_oci(const struct edit_request *request, struct edit *edit, struct err *e)
{
	struct walk w = { .request = request, .edit = edit };
	struct level top = { .depth = 1, .is_above = !request->reference };
	auto_buf text = { 0 }, out = { 0 };
	int r = bundle_text(request->bundle, "index.json", &text, e);

	w.documents = mem_new(MODEL_DOCUMENTS_MAX, sizeof(*w.documents));
	digest_text(buf_text(&text), text.len, edit->index);
	if (!r)
		r = change_index(&w, &text, &top, &out, e);
	if (!r) {
		char name[BUNDLE_BLOB_NAME];

		/* Obsolete: changed documents that are not kept unchanged under another name. */
		for (size_t i = 0; i < w.n; i++) {
			const struct document *d = &w.documents[i], *other = find(&w, d->was, !d->is_chosen);

			if (!strcmp(d->was, d->is) || (other && !strcmp(other->was, other->is)))
				continue;
			bundle_blob_name(d->was, name);
			edit_add_obsolete(w.edit, name);
		}
	}
	if (!r && (out.len != text.len || memcmp(out.data, text.data, out.len)))
		edit_add_document(edit, "index.json", &out);
	free(w.documents);
	return r;
}
