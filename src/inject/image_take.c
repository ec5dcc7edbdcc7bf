// SPDX-License-Identifier: MIT
/* Decides which images of a file lose injected layers, and hides copies of the emulator in later layers. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#include "image/edit_config.h"
#include "inject/image.h"

enum { COVERS_MAX = 16 };

/*
 * The emulator that a layer above the injected layer i contains at the same path, in the view without injected layers.
 * An emulator from a layer below existed before the injection and becomes visible again: NULL.
 */
static const struct layer_program *find_again(
	const struct view *view, size_t i, const struct view *left, const char *path, const struct layer_program *ours)
{
	const struct layer_program *program;
	char resolved[VIEW_PATH_MAX];
	struct view_hit hit;

	if (!view_find(left, path, &hit) || hit.entry->kind == LAYER_SYMLINK)
		return NULL;
	while (++i < view->n && view->layers[i] != hit.layer)
		;
	if (i >= view->n || view_resolve(left, path, &hit, resolved))
		return NULL;
	program = layer_program(hit.layer, hit.entry);
	/* An emulator other than QEMU's is recognized by its size alone. */
	if (!program || program->emulates != ours->emulates || (!ours->emulates && program->size != ours->size))
		return NULL;
	return program;
}

/* The emulator's path in an injected layer, and the emulator in *ret; NULL if the layer is not one. */
static const char *path_of(const struct view *view, size_t i, const struct layer_program **ret)
{
	const char *path = image_ours_emulator(view->layers[i]);
	const struct layer_entry *entry = path ? layer_find(view->layers[i], path, strlen(path)) : NULL;

	*ret = entry ? layer_program(view->layers[i], entry) : NULL;
	return *ret ? path : NULL;
}

/* Hides emulators that later layers contain at the injected path with whiteouts, and notes the space that they keep. */
static int cover(struct image_work *w, const struct view *view, const bool *flags, struct image_change *change)
{
	auto_free const struct layer **layers = mem_new(view->n + 1, sizeof(struct layer *));
	const char *paths[COVERS_MAX];
	struct view left = { .layers = layers };
	size_t n = 0;

	for (size_t i = 0; i < view->n; i++)
		if (!flags[i])
			layers[left.n++] = view->layers[i];
	for (size_t i = 0; i < view->n && n < COVERS_MAX; i++) {
		const struct layer_program *ours;
		const char *path = flags[i] ? path_of(view, i, &ours) : NULL;
		const struct layer_program *again = path ? find_again(view, i, &left, path, ours) : NULL;
		size_t k = 0;

		while (again && k < n && strcmp(paths[k], path))
			k++;
		if (!again || k < n)
			continue;
		paths[n++] = path;
		inject_note(w->target, "another layer also contains /%s; it was hidden, but its %.1f MB remain", path,
			(double)again->size / 1e6);
	}
	if (!n)
		return 0;
	return graft_hide(&left, (struct graft_paths){ paths, n }, w->options->has_epoch ? w->options->epoch : 0,
		&change->graft, w->e);
}

/* Reads an image's config, and removes its topmost layer: 1; 0 if that is not an injected one or was changed. */
static int read_config(struct image_work *w, const struct model_image *image, struct buf *text, struct buf *ret_exact)
{
	int r = model_config(w->bundle, image, text, w->e);

	return r ? r : config_drop(text, ret_exact, w->e);
}

/* Removes the topmost layer, which restores the original config: its text is moved. */
static void take_topmost(struct image_work *w, const struct model_image *image, struct buf *exact)
{
	bool *drops = mem_new(image->n_layers, sizeof(*drops));

	drops[image->n_layers - 1] = true;
	w->targets[w->n++] = (struct edit_target){
		.digest = image->config_digest, .config = *exact, .drops = drops, .n_layers = image->n_layers
	};
	*exact = (struct buf){ 0 };
}

/* For an image with layers that cannot be read: only the topmost layer can be removed. */
static int look_at_marks(struct image_work *w, const struct model_image *image)
{
	auto_free bool *flags = mem_new(image->n_layers + 1, sizeof(*flags));
	auto_buf text = { 0 }, exact = { 0 }, dropped = { 0 };
	int is_exact = read_config(w, image, &text, &exact), r = is_exact;

	memset(flags, true, image->n_layers);
	if (r >= 0)
		r = config_drop_marked(&text, &(struct config_layers){ flags, NULL, image->n_layers }, &dropped, w->e);
	if (r < 0)
		return r;
	if (is_exact ? r > 1 || w->options->at : r > 0)
		return err_set(w->e, -EBADMSG,
			"it contains an injected emulator, and a layer is missing or of a kind that cannot be "
			"read");
	if (is_exact)
		take_topmost(w, image, &exact);
	return 0;
}

/* Sets what the report says about removed layer i. */
static void set_place(struct image_change *change, const struct view *view, size_t i)
{
	const struct layer_program *program;
	const char *path = path_of(view, i, &program);

	change->arch = program ? program->emulates : NULL;
	change->had_tools |= image_ours_has_tools(view->layers[i]);
	free(take_ptr(&change->place));
	change->place = path ? mem_print("/%s", path) : NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Refuses if another layer has a hard link to a file of an injected layer: it could not be unpacked without that. */
static int check_links(struct image_work *w, const struct view *view, const bool *flags)
{
	auto_free const char **own = NULL; /* paths of files in injected layers, sorted */
	size_t room = 1, n = 0;

	for (size_t i = 0; i < view->n; i++)
		room += flags[i] ? view->layers[i]->n : 0;
	own = mem_new(room, sizeof(*own));
	for (size_t i = 0; i < view->n; i++)
		for (size_t k = 0; flags[i] && k < view->layers[i]->n; k++)
			if (view->layers[i]->entries[k].kind == LAYER_FILE)
				own[n++] = layer_text(view->layers[i], view->layers[i]->entries[k].path);
	qsort(own, n, sizeof(*own), by_text);
	for (size_t i = 0; i < view->n; i++)
		for (size_t k = 0; k < view->layers[i]->n; k++) {
			const struct layer_entry *entry = &view->layers[i]->entries[k];
			const char *link = layer_text(view->layers[i], entry->link);

			if (entry->kind == LAYER_HARDLINK && bsearch(&link, own, n, sizeof(*own), by_text) &&
				!layer_find(view->layers[i], link, strlen(link)))
				return err_set(w->e, -EBADMSG,
					"a later layer has a hard link to /%s, and could not be unpacked without it",
					link);
		}
	return 0;
}

/*
 * Removes all flagged layers and adds a layer that hides later copies of their emulators. dropped is the config without
 * these layers.
 */
static int take_all(struct image_work *w, const struct model_image *image, const struct view *view, bool *drops,
	const struct buf *dropped)
{
	struct edit_target *target = &w->targets[w->n];
	struct image_change *change = &w->changes[w->n++];
	int r = check_links(w, view, drops);

	*target = (struct edit_target){ .digest = image->config_digest, .drops = drops, .n_layers = view->n };
	if (!r)
		r = image_ours_check_traces(w, image, view, drops);
	if (!r)
		r = cover(w, view, drops, change);
	if (r)
		return r;
	for (size_t i = 0; i < view->n; i++)
		if (drops[i])
			set_place(change, view, i);
	if (change->graft.path) {
		auto_buf renamed = { 0 };

		target->graft = &change->graft;
		config_rename_bases(dropped, w->options->bases, w->options->n_bases, &renamed);
		return config_append(&renamed, target->graft, &target->config, w->e);
	}
	config_rename_bases(dropped, w->options->bases, w->options->n_bases, &target->config);
	return 0;
}

/* If only the topmost layer is injected, and nothing changed since, its removal restores the original config. */
int image_take_look(struct image_work *w, const struct image_facts *facts, const struct view *view)
{
	const struct model_image *image = facts->image;
	auto_free bool *flags = mem_new(view->n + 1, sizeof(*flags)), *known = mem_new(view->n + 1, sizeof(*known));
	auto_buf text = { 0 }, exact = { 0 }, dropped = { 0 };
	bool is_exact, is_ours;
	int r;

	if (facts->is_incomplete || view->n != image->n_layers || !view->n)
		return look_at_marks(w, image);
	/* Candidates: layers with nothing but an emulator (at the requested path) and its tools. */
	for (size_t i = 0; i < view->n; i++) {
		const char *path = image_ours_emulator(view->layers[i]);

		flags[i] = path && (!w->options->at || !strcmp(w->options->at + strspn(w->options->at, "/"), path));
		/* A layer with tools and their index can only come from inject. */
		known[i] = path && image_ours_has_tools(view->layers[i]);
	}
	is_ours = flags[view->n - 1];
	r = read_config(w, image, &text, &exact);
	is_exact = r > 0;
	if (r >= 0)
		r = config_drop_marked(&text, &(struct config_layers){ flags, known, view->n }, &dropped, w->e);
	if (r < 0)
		return r;
	/* A layer with native tools whose mark is missing, as in a rewritten history, would silently be kept. */
	for (size_t i = 0; !w->options->at && i + is_exact < view->n; i++)
		if (known[i] && !flags[i]) {
			err_set(w->e, -EBADMSG,
				"the layer %s has native tools, but no mark in the history: cannot remove it",
				image->layers[i]);
			return err_hint(w->e, "build on an image with a history, and keep the history");
		}
	is_exact = is_exact && is_ours;
	if (r > (is_exact && flags[view->n - 1]))
		return take_all(w, image, view, take_ptr(&flags), &dropped);
	if (is_exact) {
		set_place(&w->changes[w->n], view, view->n - 1);
		take_topmost(w, image, &exact);
	}
	return 0;
}
