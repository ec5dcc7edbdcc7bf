// SPDX-License-Identifier: MIT
/* Copies a complete OCI image between layout and archive. */
#include "image/oci_copy.h"

#include <string.h>

#include "base/memory.h"
#include "image/descriptor.h"
#include "image/oci_write.h"

struct walk {
	const struct bundle *bundle;
	struct outlet *outlet;
};

static int copy_list(const struct walk *w, const struct descriptor_list *list, unsigned depth, struct err *e);

/* Reads the descriptors of an index or manifest; the parsed document is freed at once. */
static int read_list(const struct bundle *bundle, const char *name, struct descriptor_list *ret, struct err *e)
{
	auto_json *document = NULL;
	int r = bundle_json(bundle, name, NULL, &document, e);

	if (r)
		return r;
	if (jv_get(document, "manifests"))
		return descriptor_list_read(jv_get(document, "manifests"), ret, e);
	r = descriptor_list_read(jv_get(document, "layers"), ret, e);
	if (!r && jv_get(document, "config")) {
		ret->items = mem_grow(ret->items, ret->n + 1, sizeof(*ret->items));
		descriptor_read(jv_get(document, "config"), &ret->items[ret->n++]);
	}
	return r;
}

/* Copies a blob and everything that it refers to. */
static int copy_blob(const struct walk *w, const struct descriptor *descriptor, unsigned depth, struct err *e)
{
	__attribute__((cleanup(member_done))) struct member member = MEMBER_INIT;
	bool is_document = descriptor_is_index(descriptor) || descriptor_is_manifest(descriptor);
	auto_descriptor_list list = { 0 };
	char name[BUNDLE_BLOB_NAME];
	int r;

	if (descriptor->kind == DESCRIPTOR_OTHER)
		return 0;
	r = descriptor_path(descriptor, name, e);
	if (!r)
		r = bundle_find(w->bundle, name, &member, e);
	if (r == -ENOENT) {
		err_done(e);
		return 0;
	}
	if (!r)
		r = outlet_blob(w->outlet, &member, descriptor->digest, e);
	if (r || !is_document)
		return r;
	if (depth == MODEL_DEPTH_MAX)
		return err_set(e, -EBADMSG, "indexes in indexes, more than %d deep", MODEL_DEPTH_MAX);
	r = read_list(w->bundle, name, &list, e);
	return r ? r : copy_list(w, &list, depth + 1, e);
}

static int copy_list(const struct walk *w, const struct descriptor_list *list, unsigned depth, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < list->n; i++)
		r = copy_blob(w, &list->items[i], depth, e);
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

/* Copies manifest.json if all members that it lists have been copied. */
static int copy_second_half(const struct walk *w, struct err *e)
{
	auto_buf text = { 0 };
	auto_json *manifest = NULL;
	int r = bundle_json(w->bundle, "manifest.json", &text, &manifest, e);

	if (r)
		return r;
	for (size_t i = 0; i < jv_count(manifest); i++) {
		const struct json *item = jv_at(manifest, i);
		const char *config = jv_get_text(item, "Config");

		if (!config || !outlet_has(w->outlet, config) || !are_there(w->outlet, jv_get(item, "Layers")))
			return 0;
	}
	return outlet_document(w->outlet, "manifest.json", &text, e);
}

int oci_copy(const struct bundle *bundle, const struct oci_names *names, struct outlet *outlet, struct err *e)
{
	const struct walk w = { bundle, outlet };
	auto_descriptor_list list = { 0 };
	int r = read_list(bundle, "index.json", &list, e);

	if (!r)
		r = copy_list(&w, &list, 1, e);
	if (!r && names->n) {
		const struct descriptor *one = &list.items[0];
		const struct oci_entry entry = { .type = one->type, .digest = one->digest, .size = one->size };
		auto_buf index = { 0 };

		/* A new index.json with the one descriptor, once for each name. */
		for (size_t i = 0; i < names->n; i++)
			oci_add_entry(&index, &entry, names->tags[i]);
		buf_adds(&index, "]}");
		r = outlet_document(outlet, "index.json", &index, e);
	} else if (!r) {
		r = copy_document(&w, "index.json", e);
	}
	if (!r && !names->n && outlet->dir < 0 && bundle_has(bundle, "manifest.json"))
		r = copy_second_half(&w, e);
	if (!r)
		r = copy_document(&w, "oci-layout", e);
	return r ? r : outlet_end(outlet, e);
}
