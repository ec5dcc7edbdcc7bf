// SPDX-License-Identifier: MIT
/* Recognizes injected layers by their content, and traces of their tools in later layers. */
#include "inject/image.h"

#include <string.h>

#include "emulator/entry/layout.h"

/* ENTRY_PLACE_ROOT, and the directory that inject creates for it. */
#define PLACE (&ENTRY_PLACE_ROOT[1])
#define OWN   "usr/lib/anyarch"

bool image_ours_is_at(const char *path, const char *place)
{
	size_t len = strlen(place);

	return !strncmp(path, place, len) && (!path[len] || path[len] == '/');
}

bool image_ours_has_tools(const struct layer *layer)
{
	static const char index[] = ENTRY_PLACE_ROOT ENTRY_INDEX;

	return layer_find(layer, index + 1, strlen(index + 1));
}

const char *image_ours_emulator(const struct layer *layer)
{
	const char *path = NULL;
	bool may_have_tools = image_ours_has_tools(layer);

	for (size_t i = 0; i < layer->n; i++) {
		const struct layer_entry *entry = &layer->entries[i];

		if (entry->kind == LAYER_DIRECTORY || (may_have_tools && entry->kind == LAYER_FILE &&
							      image_ours_is_at(layer_text(layer, entry->path), PLACE)))
			continue;
		if (path || !layer_program(layer, entry))
			return NULL;
		path = layer_text(layer, entry->path);
	}
	return path && layer_program(layer, layer_find(layer, path, strlen(path))) ? path : NULL;
}

/* A path of the tools' own directory, or its whiteout. */
static bool is_of_tools(const char *path)
{
	return image_ours_is_at(path, PLACE) || !strcmp(path, OWN "/" LAYER_WHITEOUT_PREFIX "native");
}

/* The parent directory or its whiteouts, which other layers may contain, too. */
static bool is_of_own(const char *path)
{
	return !strcmp(path, OWN) || !strcmp(path, OWN "/" LAYER_OPAQUE_NAME) ||
	       !strcmp(path, "usr/lib/" LAYER_WHITEOUT_PREFIX "anyarch");
}

static bool has_any(const struct layer *layer, bool (*is)(const char *path))
{
	for (size_t i = 0; i < layer->n; i++)
		if (is(layer_text(layer, layer->entries[i].path)))
			return true;
	return false;
}

static bool is_of_others(const char *path)
{
	return image_ours_is_at(path, OWN) && !is_of_own(path) && !is_of_tools(path);
}

int image_ours_check_traces(
	struct image_work *w, const struct model_image *image, const struct view *view, const bool *flags)
{
	bool has_others = false, is_above = false;

	for (size_t i = 0; i < view->n; i++)
		has_others |= !flags[i] && has_any(view->layers[i], is_of_others);
	for (size_t i = 0; i < view->n; i++) {
		const struct layer *layer = view->layers[i];

		is_above |= flags[i] && has_any(layer, is_of_tools);
		if (is_above && !flags[i] &&
			(has_any(layer, is_of_tools) || (!has_others && has_any(layer, is_of_own)))) {
			err_set(w->e, -EBADMSG, "the later layer %s adds or hides files in /" OWN ": they would remain",
				image->layers[i]);
			return err_hint(w->e, "rebuild without touching that directory, then eject");
		}
	}
	return 0;
}
