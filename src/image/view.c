// SPDX-License-Identifier: MIT
/* What a path is after all layers: links, whiteouts, opaque directories. */
#include "image/view.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { KEY_MAX = 2 * VIEW_PATH_MAX };

/* Whether the layer has DIR/NAME, DIR being path[0..dir]. */
static bool has_beside(const struct layer *layer, const char *path, size_t dir, const char *prefix,
	const char *name, size_t len)
{
	char key[KEY_MAX];
	int n = snprintf(key, sizeof(key), "%.*s%s%s%.*s", (int)dir, path, dir ? "/" : "", prefix,
		(int)len, name);

	return n < (int)sizeof(key) && layer_find(layer, key, (size_t)n);
}

/*
 * Whether this layer hides what layers below have at path[0..len]: something else stands there or at a
 * parent, or a whiteout names it or a parent, or a parent is opaque. Each prefix is looked at once.
 */
static bool hides(const struct layer *layer, const char *path, size_t len)
{
	const struct layer_entry *own = layer_find(layer, path, len);

	if (own && own->kind != LAYER_DIRECTORY)
		return true;
	for (size_t end = 0, start = 0; start <= len; start = end + 1) {
		size_t dir = start ? start - 1 : 0;
		const struct layer_entry *parent;

		end = start + strcspn(path + start, "/");
		end = MIN_OF(end, len);
		if (has_beside(layer, path, dir, "", LAYER_OPAQUE_NAME, strlen(LAYER_OPAQUE_NAME)) ||
			has_beside(layer, path, dir, LAYER_WHITEOUT_PREFIX, path + start, end - start))
			return true;
		if (end == len)
			return false;
		parent = layer_find(layer, path, end);
		if (parent && parent->kind != LAYER_DIRECTORY)
			return true;
	}
	return false;
}

bool view_is_visible(const struct view *view, size_t i, const char *path)
{
	size_t len = strlen(path);

	for (size_t above = i + 1; above < view->n; above++)
		if (hides(view->layers[above], path, len))
			return false;
	return true;
}

/* The top-most entry for a resolved path; a directory may be there without an entry of its own. */
static bool find(const struct view *view, const char *path, struct view_hit *ret)
{
	size_t len = strlen(path);

	for (size_t i = view->n; i-- > 0;) {
		const struct layer_entry *entry = layer_find(view->layers[i], path, len);

		if (entry) {
			*ret = (struct view_hit){ view->layers[i], entry };
			return true;
		}
		if (hides(view->layers[i], path, len))
			return false;
	}
	return false;
}

/* A walk: what is resolved, and what is still to come. */
struct walk {
	char done[VIEW_PATH_MAX];
	char todo[2 * VIEW_PATH_MAX];
	unsigned links;
};

static int push_link(struct walk *w, const char *link)
{
	char rest[2 * VIEW_PATH_MAX];

	if (++w->links > VIEW_LINKS_MAX)
		return -ELOOP;
	if (*link == '/')
		w->done[0] = '\0';
	memcpy(rest, w->todo, sizeof(rest));
	return snprintf(w->todo, sizeof(w->todo), "%s/%s", link, rest) >= (int)sizeof(w->todo) ?
		-ENAMETOOLONG : 0;
}

static int step(const struct view *view, struct walk *w, const char *name, struct view_hit *hit)
{
	size_t before = strlen(w->done);
	int n;

	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) {
		char *slash = strrchr(w->done, '/');

		*(slash ? slash : w->done) = '\0';
		return 0;
	}
	n = snprintf(w->done + before, sizeof(w->done) - before, "%s%s", before ? "/" : "", name);
	if (n >= (int)(sizeof(w->done) - before))
		return -ENAMETOOLONG;
	if (!find(view, w->done, hit)) {
		*hit = (struct view_hit){ 0 };
		return 0; /* perhaps a directory that only its members tell of */
	}
	if (hit->entry->kind != LAYER_SYMLINK)
		return 0;
	w->done[before] = '\0';
	return push_link(w, layer_text(hit->layer, hit->entry->link));
}

int view_resolve(const struct view *view, const char *path, struct view_hit *ret,
	char resolved[VIEW_PATH_MAX])
{
	struct view_hit hit = { 0 };
	struct walk w = { 0 };
	int r = snprintf(w.todo, sizeof(w.todo), "%s", path) >= VIEW_PATH_MAX ? -ENAMETOOLONG : 0;

	while (!r) {
		char name[VIEW_PATH_MAX], *p = w.todo + strspn(w.todo, "/");
		size_t len = strcspn(p, "/");

		if (!len)
			break;
		if (len >= sizeof(name))
			return -ENAMETOOLONG;
		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		memmove(w.todo, p + len, strlen(p + len) + 1);
		r = step(view, &w, name, &hit);
	}
	if (r)
		return r;
	/* A hard link's target is a member of the same layer. */
	if (hit.entry && hit.entry->kind == LAYER_HARDLINK && hit.entry->link) {
		const char *target = layer_text(hit.layer, hit.entry->link);

		hit.entry = layer_find(hit.layer, target, strlen(target));
	}
	if (!hit.entry)
		return -ENOENT;
	*ret = hit;
	memcpy(resolved, w.done, VIEW_PATH_MAX);
	return 0;
}

static int judge_keys(const struct view *view, struct content *content)
{
	for (const char *const *p = content_key_files; *p && !content->has_platform; p++) {
		char resolved[VIEW_PATH_MAX];
		struct view_hit hit;

		if (view_resolve(view, *p, &hit, resolved) || !hit.entry->is_known)
			continue;
		content->platform = hit.entry->platform;
		content->decided_by = mem_text(*p);
		content->has_platform = true;
		if (!content->decided_by)
			return -ENOMEM;
	}
	return 0;
}

static int count_entry(const struct view *view, size_t i, const struct layer_entry *entry,
	struct content *content)
{
	const struct layer *layer = view->layers[i];
	const char *path = layer_text(layer, entry->path);
	auto_buf full = { 0 };

	if (!entry->is_elf || layer_find(layer, path, strlen(path)) != entry ||
		!view_is_visible(view, i, path))
		return 0;
	buf_addf(&full, "/%s", path);
	if (!buf_ok(&full))
		return -ENOMEM;
	if (entry->emulates)
		return content_emulator(content, buf_text(&full), entry->emulates, &entry->head,
			layer_text(layer, entry->link));
	return content_file(content, &entry->head, buf_text(&full));
}

int view_content(const struct view *view, struct content *ret)
{
	int r;

	*ret = (struct content){ 0 };
	r = judge_keys(view, ret);
	for (size_t i = view->n; i-- > 0 && !*ret->system;)
		memcpy(ret->system, view->layers[i]->system, sizeof(ret->system));
	for (size_t i = view->n; !r && i-- > 0;)
		for (size_t k = 0; !r && k < view->layers[i]->n; k++)
			r = count_entry(view, i, &view->layers[i]->entries[k], ret);
	return r ? r : content_judge(ret);
}
