// SPDX-License-Identifier: MIT
/* The merged view of an image's layers: symlinks, whiteouts, opaque directories. */
#include "image/view.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* Bytes that may be compared: an image that needs more is a denial of service. */
#define VIEW_WORK_MAX ((uint64_t)1 << 30)

/* Whether the layer has the key; hash is that of its first piece. */
static bool has_beside(const struct layer *layer, uint64_t hash, const struct layer_key *key)
{
	for (size_t i = 1; i < key->n; i++)
		hash = layer_hash(hash, key->text[i], key->len[i]);
	return layer_find_key(layer, hash, key);
}

/*
 * Whether this layer hides lower entries for path[0..len]: the path or a parent is not a directory in it or has a
 * whiteout, or a parent is opaque. Each prefix is looked up once.
 */
static bool takes_away(const struct layer *layer, const char *path, size_t len)
{
	uint64_t hash = LAYER_HASH_START; /* of path[0..dir] */
	size_t dir = 0;

	if (!layer->has_whiteouts && !layer->has_blockers)
		return false;
	for (size_t start = 0, end; start <= len; start = end + 1) {
		end = start + strcspn(path + start, "/");
		end = MIN_OF(end, len);
		if (layer->has_whiteouts) {
			struct layer_key opaque = { { path, "/", LAYER_OPAQUE_NAME },
				{ dir, dir ? 1 : 0, strlen(LAYER_OPAQUE_NAME) }, 3 };
			struct layer_key whiteout = { { path, "/", LAYER_WHITEOUT_PREFIX, path + start },
				{ dir, dir ? 1 : 0, strlen(LAYER_WHITEOUT_PREFIX), end - start }, 4 };

			if (has_beside(layer, hash, &opaque) || has_beside(layer, hash, &whiteout))
				return true;
		}
		hash = layer_hash(hash, path + dir, end - dir);
		dir = end;
		if (layer->has_blockers) {
			struct layer_key key = { { path }, { end }, 1 };
			const struct layer_entry *entry = layer_find_key(layer, hash, &key);

			if (entry && entry->kind != LAYER_DIRECTORY)
				return true;
		}
	}
	return false;
}

/* The same, or the layer has an entry for the path itself. */
static bool hides(const struct layer *layer, const char *path, size_t len)
{
	return takes_away(layer, path, len) || layer_find(layer, path, len);
}

bool view_is_visible(const struct view *view, size_t i, const char *path)
{
	size_t len = strlen(path);

	for (size_t above = i + 1; above < view->n; above++)
		if (hides(view->layers[above], path, len))
			return false;
	return true;
}

bool view_find(const struct view *view, const char *path, struct view_hit *ret)
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

/* A path walk: the resolved part, and the remaining part. */
struct walk {
	char done[VIEW_PATH_MAX];
	char todo[2 * VIEW_PATH_MAX];
	unsigned links;
};

/* "..": as in the kernel, the path so far must be a directory. */
static int leave(const struct view *view, struct walk *w, struct view_hit *hit)
{
	char *slash = strrchr(w->done, '/');

	if (!*w->done)
		return 0;
	if (!view_find(view, w->done, hit) || hit->entry->kind != LAYER_DIRECTORY)
		return -ENOENT;
	*(slash ? slash : w->done) = '\0';
	if (!view_find(view, w->done, hit))
		*hit = (struct view_hit){ 0 };
	return 0;
}

/* Walks one component. 1, 0 at the end, -errno. */
static int next_step(const struct view *view, struct walk *w, struct view_hit *hit)
{
	char name[VIEW_PATH_MAX], rest[2 * VIEW_PATH_MAX], *p = w->todo + strspn(w->todo, "/");
	size_t len = strcspn(p, "/"), before = strlen(w->done);
	const char *link;
	int r;

	if (!len)
		return 0;
	if (len >= sizeof(name))
		return -ENAMETOOLONG;
	snprintf(name, sizeof(name), "%.*s", (int)len, p);
	memmove(w->todo, p + len, strlen(p + len) + 1);
	if (!strcmp(name, "."))
		return 1;
	if (!strcmp(name, "..")) {
		r = leave(view, w, hit);
		return r ? r : 1;
	}
	r = snprintf(w->done + before, sizeof(w->done) - before, "%s%s", before ? "/" : "", name);
	if (r >= (int)(sizeof(w->done) - before))
		return -ENAMETOOLONG;
	if (!view_find(view, w->done, hit)) {
		*hit = (struct view_hit){ 0 };
		return 1; /* missing: the caller decides at the end of the walk */
	}
	if (hit->entry->kind != LAYER_SYMLINK)
		return 1;
	if (++w->links > VIEW_LINKS_MAX)
		return -ELOOP;
	link = layer_text(hit->layer, hit->entry->link);
	w->done[*link == '/' ? 0 : before] = '\0';
	memcpy(rest, w->todo, sizeof(rest));
	return snprintf(w->todo, sizeof(w->todo), "%s/%s", link, rest) >= (int)sizeof(w->todo) ? -ENAMETOOLONG : 1;
}

int view_resolve(const struct view *view, const char *path, struct view_hit *ret, char resolved[VIEW_PATH_MAX])
{
	struct view_hit hit = { 0 };
	struct walk w = { 0 };
	int r = snprintf(w.todo, sizeof(w.todo), "%s", path) >= VIEW_PATH_MAX ? -ENAMETOOLONG : 1;

	while (r > 0)
		r = next_step(view, &w, &hit);
	if (r)
		return r;
	/* A hard link's target is a member of the same layer, and may be one itself. */
	for (unsigned i = 0; hit.entry && hit.entry->kind == LAYER_HARDLINK && hit.entry->link && i < VIEW_LINKS_MAX;
		i++) {
		const char *target = layer_text(hit.layer, hit.entry->link);

		hit.entry = layer_find(hit.layer, target, strlen(target));
	}
	if (!hit.entry)
		return -ENOENT;
	*ret = hit;
	memcpy(resolved, w.done, VIEW_PATH_MAX);
	return 0;
}

int view_place(const struct view *view, const char *path, char resolved[VIEW_PATH_MAX])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct view_hit hit = { 0 };
	struct walk w = { 0 };
	int r = 0;

	if (strlen(path) >= VIEW_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w.todo, path, (size_t)(name - path));
	while (!r && (r = next_step(view, &w, &hit)) > 0) {
		r = 0;
		if (hit.entry && hit.entry->kind != LAYER_DIRECTORY && hit.entry->kind != LAYER_SYMLINK)
			r = -ENOTDIR;
	}
	if (r)
		return r;
	return snprintf(resolved, VIEW_PATH_MAX, "%s%s%s", w.done, *w.done ? "/" : "", name) >= VIEW_PATH_MAX
		       ? -ENAMETOOLONG
		       : 0;
}

bool view_directory(const struct view *view, const char *path, size_t len, struct view_directory *ret)
{
	for (size_t i = view->n; i-- > 0;) {
		const struct layer_entry *entry = layer_find(view->layers[i], path, len);
		const struct layer_directory *directory = entry ? layer_directory(view->layers[i], entry) : NULL;

		if (directory) {
			*ret = (struct view_directory){ view->layers[i], directory };
			return true;
		}
		if (takes_away(view->layers[i], path, len))
			return false;
	}
	return false;
}

static void settle(struct content *content, const struct platform *platform, const char *path)
{
	content->platform = *platform;
	free(content->decided_by);
	content->decided_by = mem_text(path);
	content->has_platform = true;
}

static bool is_newer(const struct platform *platform, const struct content *content)
{
	return !content->has_platform ||
	       (platform->arch == content->platform.arch && strcmp(platform->variant, content->platform.variant) > 0);
}

/* The program at a path if its platform is known, else NULL. */
static const struct layer_program *find_known(const struct view *view, const char *path)
{
	const struct layer_program *program;
	char resolved[VIEW_PATH_MAX];
	struct view_hit hit;

	if (view_resolve(view, path, &hit, resolved))
		return NULL;
	program = layer_program(hit.layer, hit.entry);
	return program && program->is_known ? program : NULL;
}

static int count_entry(
	const struct view *view, size_t i, const struct layer_entry *entry, struct content *content, uint64_t *work)
{
	const struct layer *layer = view->layers[i];
	const struct layer_program *program = layer_program(layer, entry);
	const char *path = layer_text(layer, entry->path);
	auto_buf full = { 0 };

	if (!program || layer_find(layer, path, strlen(path)) != entry)
		return 0;
	*work += (view->n - i) * (strlen(path) + 64);
	if (*work > VIEW_WORK_MAX)
		return -E2BIG;
	if (!view_is_visible(view, i, path))
		return 0;
	buf_addf(&full, "/%s", path);
	if (program->emulates) {
		struct content_emulator emulator = { .path = full.data,
			.arch = program->emulates,
			.host = elf_arch(&program->head),
			.refused = mem_text(layer_text(layer, program->refused)) };

		snprintf(emulator.version, sizeof(emulator.version), "%s", layer_text(layer, program->version));
		content_emulator(content, &emulator);
		free(emulator.refused);
	} else {
		content_file(content, &program->head, full.data);
	}
	return 0;
}

int view_content(const struct view *view, uint64_t *work, struct content *ret)
{
	int r = 0;
	const struct layer_program *program;

	*ret = (struct content){ 0 };
	/* The shell or another key file decides; the variant is the newest of it and the started programs. */
	for (const char *const *p = content_key_files; *p && !ret->has_platform; p++)
		if ((program = find_known(view, *p)))
			settle(ret, &program->platform, *p);
	for (size_t i = 0; i < ARRAY_SIZE(view->starts); i++) {
		program = view->starts[i] ? find_known(view, view->starts[i]) : NULL;
		if (program && is_newer(&program->platform, ret))
			settle(ret, &program->platform, view->starts[i]);
	}
	for (size_t i = view->n; i-- > 0 && !*ret->system;)
		memcpy(ret->system, view->layers[i]->system, sizeof(ret->system));
	for (size_t i = view->n; !r && i-- > 0;)
		for (size_t k = 0; !r && k < view->layers[i]->n; k++)
			r = count_entry(view, i, &view->layers[i]->entries[k], ret, work);
	if (r)
		return r;
	content_judge(ret);
	/* If the majority of files decided, the variant is the newest of those examined. */
	for (size_t i = 0; ret->has_platform && !ret->decided_by && i < view->n; i++)
		for (size_t k = 0; k < view->layers[i]->n; k++) {
			const struct layer_entry *entry = &view->layers[i]->entries[k];

			program = layer_program(view->layers[i], entry);
			if (program && program->is_known && is_newer(&program->platform, ret) &&
				view_is_visible(view, i, layer_text(view->layers[i], entry->path)))
				ret->platform = program->platform;
		}
	return 0;
}
