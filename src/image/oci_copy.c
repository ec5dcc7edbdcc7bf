// SPDX-License-Identifier: MIT
/* All of an OCI image in another wrapping: a layout, or an archive. */
#include "image/oci_copy.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

struct walk {
	const struct bundle *bundle;
	struct outlet *outlet;
};

static int copy_list(const struct walk *w, const struct json *list, unsigned depth, struct err *e);

/* A blob and what it leads to. */
static int copy_blob(const struct walk *w, const struct json *descriptor, unsigned depth, struct err *e)
{
	const char *digest = jv_get_text(descriptor, "digest"), *type = jv_get_text(descriptor, "mediaType");
	__attribute__((cleanup(member_done))) struct member member = MEMBER_INIT;
	auto_json *document = NULL;
	auto_buf text = { 0 };
	char name[16 + 64 + 1];
	int r;

	if (!digest || !digest_is_valid(digest))
		return err_set(e, -EBADMSG, "a digest that is not sha256 with 64 lower-case digits");
	snprintf(name, sizeof(name), "blobs/sha256/%s", digest + strlen("sha256:"));
	r = bundle_find(w->bundle, name, &member, e);
	if (r == -ENOENT) {
		err_done(e);
		return 0;
	}
	if (!r)
		r = outlet_blob(w->outlet, &member, digest, e);
	if (r || (!model_is_index(type) && !model_is_manifest(type)))
		return r;
	if (depth == MODEL_DEPTH_MAX)
		return err_set(e, -EBADMSG, "indexes in indexes, more than %d deep", MODEL_DEPTH_MAX);
	r = bundle_text(w->bundle, name, &text, e);
	document = r ? NULL : jv_load(buf_text(&text), text.len, e);
	if (!document)
		return r ? r : e ? e->code : -EBADMSG;
	if (model_is_index(type))
		return copy_list(w, jv_get(document, "manifests"), depth + 1, e);
	r = copy_blob(w, jv_get(document, "config"), depth + 1, e);
	return r ? r : copy_list(w, jv_get(document, "layers"), depth + 1, e);
}

static int copy_list(const struct walk *w, const struct json *list, unsigned depth, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < jv_count(list); i++)
		r = copy_blob(w, jv_at(list, i), depth, e);
	return r;
}

static int copy_document(const struct walk *w, const char *name, struct err *e)
{
	auto_buf text = { 0 };
	int r = bundle_text(w->bundle, name, &text, e);

	return r ? r : outlet_document(w->outlet, name, &text, e);
}

static bool are_there(const struct outlet *outlet, const struct json *names)
{
	for (size_t i = 0; i < jv_count(names); i++)
		if (!jv_as_text(jv_at(names, i)) || !outlet_has(outlet, jv_as_text(jv_at(names, i))))
			return false;
	return true;
}

/* manifest.json, when all that it names is there. */
static int copy_second_half(const struct walk *w, struct err *e)
{
	auto_buf text = { 0 };
	auto_json *manifest = NULL;
	int r = bundle_text(w->bundle, "manifest.json", &text, e);

	manifest = r ? NULL : jv_load(buf_text(&text), text.len, e);
	if (!manifest)
		return r ? r : e ? e->code : -EBADMSG;
	for (size_t i = 0; i < jv_count(manifest); i++) {
		const struct json *item = jv_at(manifest, i);
		const char *config = jv_get_text(item, "Config");

		if (!config || !outlet_has(w->outlet, config) || !are_there(w->outlet, jv_get(item, "Layers")))
			return 0;
	}
	return outlet_document(w->outlet, "manifest.json", &text, e);
}

int oci_copy(const struct bundle *bundle, struct outlet *outlet, struct err *e)
{
	const struct walk w = { bundle, outlet };
	auto_json *index = NULL;
	auto_buf text = { 0 };
	int r = bundle_text(bundle, "index.json", &text, e);

	index = r ? NULL : jv_load(buf_text(&text), text.len, e);
	if (!index)
		return r ? r : e ? e->code : -EBADMSG;
	r = copy_list(&w, jv_get(index, "manifests"), 1, e);
	if (!r)
		r = copy_document(&w, "index.json", e);
	if (!r && outlet->dir < 0 && bundle_has(bundle, "manifest.json"))
		r = copy_second_half(&w, e);
	if (!r)
		r = copy_document(&w, "oci-layout", e);
	return r ? r : outlet_end(outlet, e);
}
