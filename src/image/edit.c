// SPDX-License-Identifier: MIT
/* Plans a change of a bundle's images: all of its documents, in both schemas, before anything is written. */
#include "image/edit.h"

#include <string.h>

#include "base/memory.h"
#include "image/image_name.h"
#include "image/reach.h"

const struct edit_target *edit_find(const struct edit_target *targets, size_t n, const char *digest)
{
	for (size_t i = 0; digest && i < n; i++)
		if (!strcmp(targets[i].digest, digest))
			return &targets[i];
	return NULL;
}

void edit_layers(
	const struct edit_target *target, struct splice *s, const char *text, struct span list, const char *item)
{
	splice_items(
		s, text, list, (struct splice_flags){ target->drops, target->n_layers }, target->graft ? item : NULL);
}

const struct buf *edit_document(const struct edit *edit, const char *name)
{
	for (size_t i = 0; i < edit->n; i++)
		if (!strcmp(edit->members[i].name, name))
			return &edit->members[i].text;
	return NULL;
}

/* Appends a member; NULL if the edit has one of that name. */
static struct edit_member *add_member(struct edit *edit, const char *name)
{
	if (edit_document(edit, name))
		return NULL;
	edit->members = mem_more(edit->members, edit->n, sizeof(*edit->members));
	edit->members[edit->n] = (struct edit_member){ .name = mem_text(name) };
	return &edit->members[edit->n++];
}

void edit_add_document(struct edit *edit, const char *name, struct buf *text)
{
	struct edit_member *member = add_member(edit, name);

	if (!member)
		return;
	member->text = *text;
	*text = (struct buf){ 0 };
}

void edit_add_config(struct edit *edit, const char *name, const struct edit_target *target)
{
	auto_buf text = { 0 };

	buf_add(&text, buf_text(&target->config), target->config.len);
	edit_add_document(edit, name, &text);
}

void edit_add_layer(struct edit *edit, const char *name, const struct graft *graft)
{
	struct edit_member *member = add_member(edit, name);

	if (member)
		member->graft = graft;
}

void edit_add_obsolete(struct edit *edit, const char *name)
{
	mem_push_text(&edit->obsolete, &edit->n_obsolete, name);
}

/* Offset of a member's content in the archive, links followed. UINT64_MAX: not found, or the bundle is a layout. */
static uint64_t place_of(const struct bundle *bundle, const char *name)
{
	auto_with(member_done) struct member member = MEMBER_INIT;

	return bundle->dir >= 0 || bundle_find(bundle, name, &member, NULL) ? UINT64_MAX : member.offset;
}

/* A member of an archive; place is that of its content, which may have other names. */
struct named {
	const struct bundle *bundle;
	const char *name;
	uint64_t place;
};

static bool is_called(const struct named *member, const char *name)
{
	return !strcmp(member->name, name) ||
	       (member->place != UINT64_MAX && place_of(member->bundle, name) == member->place);
}

/* Whether a member is still referenced: by an artifact, an unchanged image, or a layer that a changed image keeps. */
static bool is_needed(const struct edit_request *request, const struct reach *others, const char *name)
{
	const struct model *model = request->model;
	const struct named member = { request->bundle, name, place_of(request->bundle, name) };

	for (size_t i = 0; i < model->n; i++) {
		const struct model_image *image = &model->images[i];
		const struct edit_target *target =
			image_is_named(image, request->reference)
				? edit_find(request->targets, request->n, image->config_digest)
				: NULL;

		for (size_t k = 0; k < image->n_layers; k++)
			if (!(target && target->drops[k]) && is_called(&member, image->layers[k]))
				return true;
		if (!target && ((image->digest && digest_is_valid(image->digest) &&
					strstr(name, image->digest + strlen("sha256:"))) ||
				       (image->config_name && is_called(&member, image->config_name))))
			return true;
	}
	for (size_t i = 0; i < others->n; i++)
		if (is_called(&member, others->names[i]))
			return true;
	return false;
}

/* An image that model_read() would refuse could not be ejected. */
static int check_limits(const struct edit *edit, const struct edit_request *request, struct err *e)
{
	for (size_t i = 0; i < request->n; i++) {
		const struct edit_target *target = &request->targets[i];
		size_t n = target->graft != NULL;

		for (size_t k = 0; k < target->n_layers; k++)
			n += !target->drops[k];
		if (n > MODEL_LAYERS_MAX)
			return err_set(e, -E2BIG, "it has %zu layers, and no more than %d are possible",
				target->n_layers, MODEL_LAYERS_MAX);
	}
	for (size_t i = 0; i < edit->n; i++)
		if (edit->members[i].text.len > BUNDLE_JSON_MAX)
			return err_set(
				e, -E2BIG, "%s would have more than %d bytes", edit->members[i].name, BUNDLE_JSON_MAX);
	return 0;
}

int edit_plan(const struct edit_request *request, struct edit *ret, struct err *e)
{
	enum model_format format = request->model->format;
	struct edit_request own = *request;
	auto_reach others = { 0 };
	struct edit edit = { 0 };
	size_t n = 0;
	int r = 0;

	own.reference = format == MODEL_DUAL ? NULL : own.reference;
	if (format != MODEL_DOCKER_ARCHIVE)
		r = edit_oci(&own, &edit, e);
	if (!r && (format == MODEL_DOCKER_ARCHIVE || format == MODEL_DUAL))
		r = edit_docker(&own, &edit, e);
	/* Only manifest.json was used: the OCI half of the archive would refer to removed documents. */
	if (!r && format == MODEL_DOCKER_ARCHIVE && edit.n && bundle_has(own.bundle, "index.json")) {
		edit.drops_oci_half = true;
		edit_add_obsolete(&edit, "index.json");
		edit_add_obsolete(&edit, "oci-layout");
	}
	if (!r)
		r = check_limits(&edit, &own, e);
	if (!r && format != MODEL_DOCKER_ARCHIVE)
		r = reach_artifacts(own.bundle, own.model, &others, e);
	if (r) {
		edit_done(&edit);
		return r;
	}
	for (size_t i = 0; i < edit.n; i++)
		edit.members[i].is_needed = is_needed(&own, &others, edit.members[i].name);
	for (size_t i = 0; i < edit.n_obsolete; i++)
		if (is_needed(&own, &others, edit.obsolete[i]))
			free(edit.obsolete[i]);
		else
			edit.obsolete[n++] = edit.obsolete[i];
	edit.n_obsolete = n;
	*ret = edit;
	return 0;
}

void edit_target_done(struct edit_target *target)
{
	buf_done(&target->config);
	free(target->drops);
}

void edit_done(struct edit *edit)
{
	for (size_t i = 0; i < edit->n; i++) {
		free(edit->members[i].name);
		buf_done(&edit->members[i].text);
	}
	mem_free_texts(edit->obsolete, edit->n_obsolete);
	free(edit->members);
	*edit = (struct edit){ 0 };
}
