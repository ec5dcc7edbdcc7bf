// SPDX-License-Identifier: MIT
/* Which images of a file get the layer with the emulator, or lose ours. */
#include "cli/image_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "cli/image_tools.h"
#include "cli/image_trace.h"
#include "image/edit_config.h"

enum { COVERS_MAX = 16, DEPTH_MAX = 125 };

static int refuse(struct image_work *w, const char *what)
{
	return err_set(w->e, -EBADMSG, "%s: %s", w->c->target, what);
}

static bool is_native_tool(const struct layer *layer, const struct layer_entry *entry)
{
	return entry->kind == LAYER_FILE && str_starts(layer_text(layer, entry->path), &ENTRY_PLACE_ROOT[1]) &&
		layer_text(layer, entry->path)[strlen(&ENTRY_PLACE_ROOT[1])] == '/';
}

static bool has_tools(const struct layer *layer)
{
	static const char index[] = ENTRY_PLACE_ROOT ENTRY_INDEX;

	return layer_find(layer, index + 1, strlen(index + 1));
}

/*
 * Only directories, one program and native tools with their index, as inject makes them; no later member of the same name
 * replaces the program.
 */
static const char *only_emulator(const struct layer *layer)
{
	const char *path = NULL;
	bool may_have_tools = has_tools(layer);

	for (size_t i = 0; i < layer->n; i++) {
		const struct layer_entry *entry = &layer->entries[i];

		if (entry->kind == LAYER_DIRECTORY || (may_have_tools && is_native_tool(layer, entry)))
			continue;
		if (path || !layer_program(layer, entry))
			return NULL;
		path = layer_text(layer, entry->path);
	}
	return path && layer_program(layer, layer_find(layer, path, strlen(path))) ? path : NULL;
}

/*
 * Whether nothing is to be done: this very layer is on top, compressed or not, or others have put the same emulator where
 * it is looked for.
 */
static bool has_it(const struct image_facts *facts, const struct view *view, const struct image_change *change, int emulator)
{
	const struct layer_program *program;
	char resolved[VIEW_PATH_MAX], digest[DIGEST_TEXT];
	struct view_hit hit;

	if (facts->image->top_id && !strcmp(facts->image->top_id, change->graft.diff_id))
		return true;
	if (facts->image->is_grafted || (change->tools && !change->tools->is_there) ||
		view_resolve(view, change->place, &hit, resolved))
		return false;
	program = layer_program(hit.layer, hit.entry);
	return program && program->emulates == change->arch && program->is_usable && !digest_file(emulator, digest) &&
		!strcmp(layer_text(hit.layer, program->digest), digest);
}

/* Readers of docker-archives and of Docker's manifests do not all know zstd (skopeo#1286). */
static int check_codec(struct image_work *w, const struct model_image *image)
{
	if (w->c->codec != GRAFT_ZSTD)
		return 0;
	if (w->report.model.format != MODEL_DOCKER_ARCHIVE && w->report.model.format != MODEL_DUAL && !image->is_docker_type)
		return 0;
	refuse(w, "layers of Docker's formats are not compressed with zstd: not every engine reads them");
	return err_hint(w->e, "--compress=gzip, or 'anyarch convert' it to OCI first");
}

/* The same layer for several images is compressed once. */
static int compress(struct image_work *w, struct graft *graft)
{
	const struct graft *other = NULL;

	if (w->c->codec == GRAFT_NONE)
		return 0;
	for (size_t i = 0; i < w->n && !other; i++)
		if (!strcmp(w->changes[i].graft.diff_id, graft->diff_id))
			other = &w->changes[i].graft;
	return graft_pack(graft, w->c->codec, other, image_tmpdir(), w->e);
}

/* As many as Docker unpacks (moby, layer.MaxLayerDepth); others stop at 127. */
static void warn_of_depth(const struct image_work *w, size_t layers)
{
	if (layers > DEPTH_MAX && !w->c->quiet)
		say_note("%s: with this layer it has %zu, and engines take no more than %d", w->c->target, layers, DEPTH_MAX);
}

static bool is_forged(const struct image_facts *facts, const struct view *view)
{
	return facts->image->is_grafted && (!view->n || !only_emulator(view->layers[view->n - 1]));
}

/* The layer for one image, with native tools where they are wanted and possible. */
static int make_graft(struct image_work *w, const struct image_facts *facts, const struct view *below,
	const struct platform *platform, int emulator)
{
	struct image_change *change = &w->changes[w->n];
	struct graft_request request = { .view = below, .has_epoch = w->c->has_epoch, .epoch = w->c->epoch, .emulator = emulator };
	int r;

	change->arch = platform->arch;
	change->place = inject_find_place(w->c, platform->arch);
	if (!change->place)
		return err_sys(w->e, -ENOMEM, "%s", w->c->target);
	request.at = change->place;
	r = w->c->accelerate ? image_tools_find(w, facts, below, platform, change) : 0;
	if (r)
		return r;
	/* The first of them is stored at once: it is new, unless an emulator of ours is there, and then perhaps not. */
	request.has_place = w->blobs >= 0 && !w->n && !facts->image->is_grafted && w->c->codec == GRAFT_NONE;
	request.place = w->blobs;
	r = image_tools_graft(w, &request, change);
	return r ? err_prefix(w->e, "%s", w->c->target) : 0;
}

/* Nothing is to be done. */
static void leave_alone(struct image_work *w, struct image_change *change)
{
	struct inject_tools tools = { change->tools ? &change->tools->twins : NULL, INJECT_UNCHANGED };

	w->has_told = true;
	inject_tell(w->c, INJECT_UNCHANGED, change->place, change->arch, change->tools ? &tools : NULL);
	graft_done(&change->graft);
	free(take_ptr(&change->place));
	free(take_ptr(&change->tools));
}

static int graft_onto(struct image_work *w, const struct image_facts *facts, const struct view *view,
	const struct platform *platform)
{
	struct image_change *change = &w->changes[w->n];
	struct view below = { view->layers, view->n - (facts->image->is_grafted && view->n) };
	struct inject_source *source;
	int r = inject_find_source(w->c, platform->arch, &source, w->e);

	if (!r)
		r = check_codec(w, facts->image);
	if (!r && is_forged(facts, view)) {
		refuse(w, "its topmost layer has the mark of an injected emulator, and is something else");
		r = err_hint(w->e, "whoever made the image did that: it is not to be trusted");
	}
	r = r ? r : make_graft(w, facts, &below, platform, source->emulator.fd);
	if (r)
		return r;
	if (has_it(facts, view, change, source->emulator.fd)) {
		leave_alone(w, change);
		return 0;
	}
	warn_of_depth(w, below.n + 1);
	w->targets[w->n] = (struct edit_target){ .digest = facts->image->config_digest, .graft = &change->graft,
		.n_layers = facts->image->n_layers };
	r = compress(w, &change->graft);
	w->n++;
	return r;
}

static int refuse_incomplete(struct image_work *w, const struct image_facts *facts)
{
	const struct model_image *image = facts->image;
	size_t i = 0;

	while (i + 1 < image->n_layers && !(image->is_opaque && image->is_opaque[i]) && bundle_has(w->bundle, image->layers[i]))
		i++;
	return err_set(w->e, -EBADMSG, "%s: the layer %s is not in the file, or of a kind that cannot be read", w->c->target,
		image->layers[i]);
}

/* What its files say, which is told where the label says something else; without any the label, when that was asked for. */
static const struct platform *find_platform(const struct image_work *w, const struct image_facts *facts)
{
	const struct content *content = &facts->content;
	bool is_asked = w->c->has_platform && facts->has_label;

	if (!content->has_platform)
		return is_asked ? &facts->label : NULL;
	if (facts->has_label && facts->label.arch != content->platform.arch && !w->c->quiet)
		say_note("%s: the label says linux/%s, and its programs are for %s", w->c->target,
			facts->image->architecture, arch_word(content->platform.arch));
	return &content->platform;
}

static int look_for_graft(struct image_work *w, const struct image_facts *facts, const struct view *view)
{
	const struct platform *platform = find_platform(w, facts);

	if (platform && w->c->has_platform && platform->arch != w->c->platform.arch)
		return 0;
	if (facts->is_incomplete)
		return refuse_incomplete(w, facts);
	if (!platform) {
		refuse(w, "no program in it tells its platform");
		return err_hint(w->e, "--platform PLATFORM takes what its label says, where that is the same");
	}
	if (inject_is_native(w->c, platform->arch)) {
		w->has_told = true;
		inject_tell(w->c, INJECT_UNCHANGED, NULL, platform->arch, NULL);
		return 0;
	}
	return graft_onto(w, facts, view, platform);
}

/* How many of the flagged layers have our mark, or -errno; and whether the topmost layer can go so that what was before comes. */
static int find_marked(struct image_work *w, const struct model_image *image, bool *flags, bool *ret_is_exact)
{
	auto_buf text = { 0 }, before = { 0 };
	int r = bundle_text(w->bundle, image->config_name, &text, w->e);

	if (!r)
		r = config_drop(buf_text(&text), text.len, &before, w->e);
	if (r < 0)
		return r;
	*ret_is_exact = r;
	return config_find_marked(buf_text(&text), text.len, flags, image->n_layers, w->e);
}

static bool is_above(const struct view *view, size_t i, const struct layer *layer)
{
	while (++i < view->n)
		if (view->layers[i] == layer)
			return true;
	return false;
}

/*
 * What is left when layers of ours, this one among them, are taken off: another emulator at the same path, which somebody
 * put there later. One from below was there before ours, and comes back.
 */
static const struct layer_program *find_again(const struct view *view, size_t i, const struct view *left, const char *path,
	const struct layer_program *ours)
{
	const struct layer_program *program;
	char resolved[VIEW_PATH_MAX];
	struct view_hit hit;

	if (!view_find(left, path, &hit) || hit.entry->kind == LAYER_SYMLINK || !is_above(view, i, hit.layer) ||
		view_resolve(left, path, &hit, resolved))
		return NULL;
	program = layer_program(hit.layer, hit.entry);
	/* One that is no emulator of QEMU's is known again by nothing but its size. */
	if (!program || program->emulates != ours->emulates || (!ours->emulates && program->size != ours->size))
		return NULL;
	return program;
}

/* Where a layer of ours has its emulator, and which. */
static const char *path_of(const struct view *view, size_t i, const struct layer_program **ret)
{
	const char *path = only_emulator(view->layers[i]);
	const struct layer_entry *entry = path ? layer_find(view->layers[i], path, strlen(path)) : NULL;

	*ret = entry ? layer_program(view->layers[i], entry) : NULL;
	return path;
}

static bool has_path(const char *const *paths, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(paths[i], path))
			return true;
	return false;
}

/* Emulators that others have put over ours are hidden by whiteouts: what that means is told. */
static int cover(struct image_work *w, const struct view *view, const bool *flags, struct image_change *change)
{
	auto_free const struct layer **layers = mem_new(view->n + 1, sizeof(*layers));
	const char *paths[COVERS_MAX];
	struct view left = { .layers = layers };
	size_t n = 0;

	if (!layers)
		return err_sys(w->e, -ENOMEM, "%s", w->c->target);
	for (size_t i = 0; i < view->n; i++)
		if (!flags[i])
			layers[left.n++] = view->layers[i];
	for (size_t i = 0; i < view->n && n < COVERS_MAX; i++) {
		const struct layer_program *ours;
		const char *path = flags[i] ? path_of(view, i, &ours) : NULL;
		const struct layer_program *again = path ? find_again(view, i, &left, path, ours) : NULL;

		if (!again || has_path(paths, n, path))
			continue;
		paths[n++] = path;
		if (!w->c->quiet)
			say_note("%s: another layer holds /%s, too: it is hidden, and its %.1f MB stay in the image", w->c->target,
				path, (double)again->size / 1e6);
	}
	return n ? graft_hide(&left, paths, n, w->c->has_epoch ? w->c->epoch : 0, &change->graft, w->e) : 0;
}

/* What is flagged: layers of nothing but an emulator, where it was asked for. */
static void flag_layers(const struct image_work *w, const struct view *view, bool *flags)
{
	for (size_t i = 0; i < view->n; i++) {
		const char *path = only_emulator(view->layers[i]);

		flags[i] = path && (!w->c->at || !strcmp(w->c->at + strspn(w->c->at, "/"), path));
	}
}

/* Where layers cannot be looked at, only the topmost one can go. */
static int look_at_marks(struct image_work *w, const struct model_image *image)
{
	auto_free bool *flags = mem_new(image->n_layers + 1, sizeof(*flags));
	bool is_exact;
	int r;

	if (!flags)
		return err_sys(w->e, -ENOMEM, "%s", w->c->target);
	memset(flags, true, image->n_layers);
	r = find_marked(w, image, flags, &is_exact);
	if (r < 0)
		return r;
	if (r > is_exact || (is_exact && w->c->at))
		return refuse(w, "an emulator of ours is in it, and a layer is not in the file or of a kind that cannot be read");
	if (is_exact)
		w->targets[w->n++] = (struct edit_target){ .digest = image->config_digest };
	return 0;
}

/* For what is told of it. */
static int set_place(struct image_work *w, struct image_change *change, const struct view *view, size_t i)
{
	const struct layer_program *program;
	const char *path = path_of(view, i, &program);

	change->arch = program ? program->emulates : NULL;
	change->had_tools |= has_tools(view->layers[i]);
	free(take_ptr(&change->place));
	if (path && asprintf(&change->place, "/%s", path) < 0) {
		change->place = NULL;
		return err_sys(w->e, -ENOMEM, "%s", w->c->target);
	}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A hard link out of its layer to one of these paths; NULL. */
static const char *find_link(const struct layer *layer, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < layer->n; i++) {
		const char *link = layer_text(layer, layer->entries[i].link);

		if (layer->entries[i].kind == LAYER_HARDLINK && bsearch(&link, paths, n, sizeof(*paths), by_text) &&
			!layer_find(layer, link, strlen(link)))
			return link;
	}
	return NULL;
}

/* What layers of ours hold, sorted. */
static int list_own(const struct view *view, const bool *flags, const char ***ret, size_t *ret_n)
{
	size_t room = 1;

	for (size_t i = 0; i < view->n; i++)
		room += flags[i] ? view->layers[i]->n : 0;
	*ret = mem_new(room, sizeof(**ret));
	*ret_n = 0;
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; i < view->n; i++)
		for (size_t k = 0; flags[i] && k < view->layers[i]->n; k++)
			if (view->layers[i]->entries[k].kind == LAYER_FILE)
				(*ret)[(*ret_n)++] = layer_text(view->layers[i], view->layers[i]->entries[k].path);
	qsort(*ret, *ret_n, sizeof(**ret), by_text);
	return 0;
}

/* Where a later layer has a hard link to what is in one of ours, unpacking would fail without it. */
static int check_links(struct image_work *w, const struct view *view, const bool *flags)
{
	auto_free const char **paths = NULL;
	const char *link = NULL;
	size_t n;

	if (list_own(view, flags, &paths, &n))
		return err_sys(w->e, -ENOMEM, "%s", w->c->target);
	for (size_t i = 0; i < view->n && !link; i++)
		link = find_link(view->layers[i], paths, n);
	if (!link)
		return 0;
	return err_set(w->e, -EBADMSG, "%s: a later layer has a hard link to /%s, and could not be unpacked without it",
		w->c->target, link);
}

/* All of ours go, and what hides others comes. */
static int drop_all(struct image_work *w, const struct model_image *image, const struct view *view)
{
	struct image_change *change = &w->changes[w->n];
	int r = check_links(w, view, change->flags);

	if (!r)
		r = image_trace_check(w, image, view, change->flags);
	if (!r)
		r = cover(w, view, change->flags, change);
	for (size_t i = 0; !r && i < view->n; i++)
		if (change->flags[i])
			r = set_place(w, change, view, i);
	w->targets[w->n++] = (struct edit_target){ .digest = image->config_digest, .drops = change->flags,
		.n_drops = view->n, .cover = change->graft.path ? &change->graft : NULL };
	return r;
}

/* Where only the topmost layer is ours, and nothing was changed since, it goes as it came. */
static int look_for_layers(struct image_work *w, const struct image_facts *facts, const struct view *view)
{
	const struct model_image *image = facts->image;
	struct image_change *change = &w->changes[w->n];
	bool is_exact, is_ours;
	int r;

	if (facts->is_incomplete || view->n != image->n_layers || !view->n)
		return look_at_marks(w, image);
	change->flags = mem_new(view->n, sizeof(*change->flags));
	if (!change->flags)
		return err_sys(w->e, -ENOMEM, "%s", w->c->target);
	flag_layers(w, view, change->flags);
	is_ours = change->flags[view->n - 1];
	r = find_marked(w, image, change->flags, &is_exact);
	if (r < 0)
		return r;
	is_exact = is_exact && is_ours;
	if (r > (is_exact && change->flags[view->n - 1]))
		return drop_all(w, image, view);
	free(take_ptr(&change->flags));
	if (!is_exact)
		return 0;
	w->targets[w->n] = (struct edit_target){ .digest = image->config_digest };
	return set_place(w, &w->changes[w->n++], view, view->n - 1);
}

int image_work_look(struct image_facts *facts, const struct view *view, void *context)
{
	struct image_work *w = context;
	const struct model_image *image = facts->image;

	if (!image_is_named(image, w->name.reference))
		return 0;
	w->has_named = true;
	if (edit_find(w->targets, w->n, image->config_digest)) /* under another tag, too */
		return 0;
	if (image->os && strcmp(image->os, "linux")) {
		w->has_told = true;
		if (!w->c->quiet)
			say_note("%s: an image for %s is left alone", w->c->target, image->os);
		return 0;
	}
	if (image->is_contradicted)
		return refuse(w, "index.json and manifest.json name other layers for one image: readers disagree which counts");
	if (w->c->ejects)
		return look_for_layers(w, facts, view);
	return look_for_graft(w, facts, view);
}

