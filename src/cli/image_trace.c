// SPDX-License-Identifier: MIT
/* What later layers have of native tools, which would stay in an image when those go. */
#include "cli/image_trace.h"

#include <string.h>

#include "base/str.h"
#include "emulator/entry/layout.h"

/* ENTRY_PLACE_ROOT, and the directory that is made for it. */
#define PLACE (&ENTRY_PLACE_ROOT[1])
#define OWN   "usr/lib/anyarch"

static bool is_at(const char *path, const char *place)
{
	size_t len = strlen(place);

	return !strncmp(path, place, len) && (!path[len] || path[len] == '/');
}

/* Of the tools, and of nothing else. */
static bool is_of_tools(const char *path)
{
	return is_at(path, PLACE) || !strcmp(path, OWN "/" LAYER_WHITEOUT_PREFIX "native");
}

/* Of the directory around them, which others may have, too. */
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
	return is_at(path, OWN) && !is_of_own(path) && !is_of_tools(path);
}

static bool has_layer_of_others(const struct view *view, const bool *flags)
{
	for (size_t i = 0; i < view->n; i++)
		if (!flags[i] && has_any(view->layers[i], is_of_others))
			return true;
	return false;
}

static int tell(const struct image_work *w, const char *layer)
{
	err_set(w->e, -EBADMSG, "%s: the later layer %s has something in /" OWN ", or hides it: that would stay", w->c->target,
		layer);
	return err_hint(w->e, "build on it without touching that directory, and eject then");
}

int image_trace_check(struct image_work *w, const struct model_image *image, const struct view *view, const bool *flags)
{
	bool has_others = has_layer_of_others(view, flags), is_above = false;

	for (size_t i = 0; i < view->n; i++) {
		const struct layer *layer = view->layers[i];

		is_above |= flags[i] && has_any(layer, is_of_tools);
		if (is_above && !flags[i] && (has_any(layer, is_of_tools) || (!has_others && has_any(layer, is_of_own))))
			return tell(w, image->layers[i]);
	}
	return 0;
}
