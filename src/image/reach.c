// SPDX-License-Identifier: MIT
/* Which blobs of a bundle documents lead to: by every descriptor, also of kinds that the model does not know. */
#include "image/reach.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "image/descriptor.h"

enum { BLOBS_MAX = 2 * MODEL_LAYERS_SUM, NESTING_MAX = 32 };

struct walk {
	const struct bundle *bundle;
	struct reach *reach;
	struct model sums; /* counts the documents */
	bool with_subjects;
	size_t *todo; /* numbers of documents that are to be read */
	size_t n_todo;
	int r;
	struct err *e;
};

/* A value, and the member that it is in, also as an item of an array. */
struct place {
	struct walk *walk;
	const char *member;
	unsigned depth;
};

/* The place of a name in the sorted list, or where it belongs. */
static size_t find(const struct reach *reach, const char *name, bool *ret_found)
{
	size_t low = 0, high = reach->n;

	*ret_found = false;
	while (low < high && !*ret_found) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, reach->names[reach->sorted[middle]]);

		*ret_found = !order;
		if (order <= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return high;
}

bool reach_has(const struct reach *reach, const char *name)
{
	bool found;

	find(reach, name, &found);
	return found;
}

/* A blob may be a document for one descriptor, and for another not. */
static void add(struct walk *w, const char *name, bool is_document)
{
	struct reach *reach = w->reach;
	bool found;
	size_t at = find(reach, name, &found), number = found ? reach->sorted[at] : reach->n;

	if (!found) {
		if (reach->n == BLOBS_MAX) {
			w->r = err_set(w->e, -E2BIG, "more than %d blobs", BLOBS_MAX);
			return;
		}
		reach->sorted = mem_more(reach->sorted, reach->n, sizeof(*reach->sorted));
		reach->are_read = mem_more(reach->are_read, reach->n, sizeof(*reach->are_read));
		memmove(reach->sorted + at + 1, reach->sorted + at, (reach->n - at) * sizeof(*reach->sorted));
		reach->sorted[at] = number;
		reach->are_read[number] = false;
		mem_push_text(&reach->names, &reach->n, name);
	}
	if (!is_document || reach->are_read[number])
		return;
	reach->are_read[number] = true;
	w->todo = mem_more(w->todo, w->n_todo, sizeof(*w->todo));
	w->todo[w->n_todo++] = number;
}

/* Entries of an index are documents, whatever their type, and so is a subject; layers and configs by their type. */
static bool is_document(const char *type, const char *member)
{
	static const char *const types[] = { "application/vnd.oci.image.index.v1+json",
		"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.artifact.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.docker.distribution.manifest.v2+json",
		"application/vnd.docker.distribution.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.v1+prettyjws" };

	if (member && (!strcmp(member, "manifests") || !strcmp(member, "subject")))
		return true;
	for (size_t i = 0; type && i < ARRAY_SIZE(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static void add_descriptor(struct walk *w, const struct json *value, const char *member)
{
	const char *digest = jv_get_text(value, "digest"), *colon;
	enum descriptor_digest kind;
	auto_free char *name = NULL;

	digest = digest ? digest : jv_get_text(value, "blobSum"); /* of Docker's schema 1 */
	kind = descriptor_kind(digest);
	if (kind == DESCRIPTOR_INVALID)
		return;
	colon = strchr(digest, ':');
	name = mem_print("blobs/%.*s/%s", (int)MIN_OF(colon - digest, (ptrdiff_t)MODEL_TEXT_MAX), digest, colon + 1);
	if (!bundle_has(w->bundle, name))
		return;
	if (kind == DESCRIPTOR_SHA256 || digest_is_sha512(digest))
		add(w, name, is_document(jv_get_text(value, "mediaType"), member));
	else if (!w->reach->unverified)
		w->reach->unverified = take_ptr(&name);
}

static void visit(const char *key, const struct json *value, void *context)
{
	const struct place *above = context;
	struct place place = { above->walk, key ? key : above->member, above->depth + 1 };

	if (place.walk->r || place.depth == NESTING_MAX ||
		(!place.walk->with_subjects && place.member && !strcmp(place.member, "subject")))
		return;
	if (jv_is_object(value))
		add_descriptor(place.walk, value, place.member);
	jv_each(value, visit, &place);
}

/* Follows the descriptors of a document. What is no JSON is a blob like others. */
static int read_document(struct walk *w, const char *name)
{
	auto_json *json = NULL;
	auto_buf text = { 0 };
	auto_err why = { 0 };
	int r = bundle_text(w->bundle, name, &text, &why);

	if (r == -E2BIG || (!r && buf_text(&text)[strspn(buf_text(&text), " \t\r\n")] != '{'))
		return 0;
	r = r ? r : model_add_document(&w->sums, text.len, &why);
	if (!r)
		json = jv_load(buf_text(&text), text.len, &why);
	if (json)
		jv_each(json, visit, &(struct place){ .walk = w });
	else if (r || why.code == -E2BIG)
		return err_move(w->e, &why);
	return w->r;
}

static int follow(struct walk *w)
{
	int r = w->r;

	for (size_t i = 0; !r && i < w->n_todo; i++)
		r = read_document(w, w->reach->names[w->todo[i]]);
	free(w->todo);
	return r;
}

int reach_index(const struct bundle *bundle, bool with_subjects, struct reach *ret, struct err *e)
{
	struct walk w = { .bundle = bundle, .reach = ret, .with_subjects = with_subjects, .e = e };
	int r = read_document(&w, "index.json");

	w.r = r;
	return follow(&w);
}

int reach_artifacts(const struct bundle *bundle, const struct model *model, struct reach *ret, struct err *e)
{
	struct walk w = { .bundle = bundle, .reach = ret, .e = e };
	char name[BUNDLE_BLOB_NAME];

	for (size_t i = 0; !w.r && i < model->n; i++) {
		const struct model_image *image = &model->images[i];

		if ((image->kind != MODEL_ARTIFACT && image->kind != MODEL_ATTESTATION) || !image->digest ||
			!digest_is_valid(image->digest))
			continue;
		bundle_blob_name(image->digest, name);
		if (bundle_has(bundle, name))
			add(&w, name, true);
	}
	return follow(&w);
}

void reach_done(struct reach *reach)
{
	mem_free_texts(reach->names, reach->n);
	free(reach->sorted);
	free(reach->are_read);
	free(reach->unverified);
	*reach = (struct reach){ 0 };
}
