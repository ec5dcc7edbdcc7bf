// SPDX-License-Identifier: MIT
/* Plans adding layers to images of a bundle or removing them: which documents change, and their new content. */
#include "image/edit.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "image/edit_config.h"
#include "image/mark.h"

struct edit_target *edit_find(struct edit_target *targets, size_t n, const char *digest)
{
	for (size_t i = 0; digest && i < n; i++)
		if (!strcmp(targets[i].digest, digest))
			return &targets[i];
	return NULL;
}

static int drop_layers(struct edit_target *target, const struct buf *text, struct buf *out, struct err *e)
{
	auto_buf dropped = { 0 };
	const struct config_layers layers = { target->drops, target->known, target->n_drops };
	int r = config_drop_below(text, &layers, &dropped, e);

	target->is_done = r > 0;
	if (r > 0 && target->n_bases) {
		auto_buf renamed = { 0 };

		config_rename_bases(&dropped, target->bases, target->n_bases, &renamed);
		buf_done(&dropped);
		dropped = renamed;
		renamed = (struct buf){ 0 };
	}
	if (r > 0 && target->cover) {
		r = config_append(&dropped, target->cover, out, e);
		return r ? r : 1;
	}
	*out = dropped;
	dropped = (struct buf){ 0 };
	return r;
}

/* Removes an injected topmost layer before adding the new one, so that the mark has the original config's digest. */
int edit_config(struct edit_target *target, const struct buf *text, struct buf *out, struct err *e)
{
	auto_json *config = NULL;
	auto_buf below = { 0 };
	bool in_history;
	int r;

	if (target->drops)
		return drop_layers(target, text, out, e);
	r = config_drop(text, &below, e);
	if (r < 0 || (!r && !target->graft))
		return r;
	config = jv_load(buf_text(text), text->len, NULL);
	if (!r && config && mark_find(config, &in_history)) {
		err_set(e, -EBADMSG, "its config was changed after an emulator was injected");
		return err_hint(e, "inject into the image that it was made from");
	}
	target->is_done = true;
	target->replaces = r;
	if (!target->graft) {
		*out = below;
		below = (struct buf){ 0 };
		return 1;
	}
	r = config_append(r ? &below : text, target->graft, out, e);
	return r ? r : 1;
}

const struct graft *edit_graft(const struct edit_target *target)
{
	return target->drops ? target->cover : target->graft;
}

bool edit_drops(const struct edit_target *target, size_t i, size_t n)
{
	return (target->replaces && i + 1 == n) || (target->drops && i < target->n_drops && target->drops[i]);
}

void edit_layers(
	const struct edit_target *target, struct splice *s, const char *text, struct span list, const char *item)
{
	if (target->drops)
		splice_drop_items(s, text, list, target->drops, target->n_drops);
	else if (!edit_graft(target))
		splice_drop_last(s, text, list);
	if (edit_graft(target) && target->replaces)
		splice_replace_last(s, text, list, item);
	else if (edit_graft(target))
		splice_append(s, text, list, item);
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
