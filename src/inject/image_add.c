// SPDX-License-Identifier: MIT
/* Decides which images of a file get a layer with the emulator, and creates the layer. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/edit_config.h"
#include "inject/image.h"

enum { DEPTH_MAX = 125 };

/*
 * Whether the image needs no change: its top layer is this very layer, compressed or not, or another layer contains the
 * same emulator at the handler's path.
 */
static bool has_it(
	const struct image_facts *facts, const struct view *view, const struct image_change *change, int emulator)
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
	return program && program->emulates == change->arch && !program->refused && !digest_file(emulator, digest) &&
	       !strcmp(layer_text(hit.layer, program->digest), digest);
}

static void note_why(struct image_work *w, const struct err *why)
{
	if (why->hint)
		inject_note(w->target, "%s: %s", why->message, why->hint);
	else
		inject_note(w->target, "%s", why->message);
}

/* An image without identical tools is not an error as long as another image has some: see image_settle_tools(). */
static int find_tools(struct image_work *w, const struct image_facts *facts, const struct view *view,
	const struct platform *platform, struct image_change *change)
{
	auto_free struct accel_image *tools = mem_new(1, sizeof(*tools));
	const struct accel_image_source source = { w->bundle, view, facts->image->layers,
		w->report.model.format != MODEL_DOCKER_ARCHIVE };
	auto_buf name = { 0 };
	auto_err why = { 0 };
	int r = toolchains_find(&w->target->inject->toolchains, platform, &tools->toolchain, &why);

	if (!r && accel_image_find(&source, tools, w->e))
		return w->e->code;
	if (!r && !twins_check(&tools->twins, &why)) {
		w->n_accelerated++;
		change->tools = take_ptr(&tools);
		return 0;
	}
	name_platform(&name, platform->arch, platform->variant);
	err_prefix(&why, "only the emulator for %s", buf_text(&name));
	if (w->n_emulated++)
		note_why(w, &why);
	else
		err_move(&w->why, &why); /* the first reason becomes the error if no image can be accelerated */
	return 0;
}

int image_settle_tools(struct image_work *w)
{
	if (!w->n_emulated)
		return 0;
	if (w->n_accelerated) {
		note_why(w, &w->why);
		return 0;
	}
	err_move(w->e, &w->why);
	w->e->code = -EBADMSG;
	return err_prefix(w->e, "nothing to accelerate");
}

/* Creates the layer for one image, with native tools if requested and possible. */
static int make_graft(struct image_work *w, const struct image_facts *facts, const struct view *below,
	const struct platform *platform, int emulator)
{
	struct image_change *change = &w->changes[w->n];
	struct graft_request request = {
		.view = below, .has_epoch = w->options->has_epoch, .epoch = w->options->epoch, .emulator = emulator
	};
	const char *place = &ENTRY_PLACE_ROOT[1];
	int r;

	change->arch = platform->arch;
	change->place = inject_find_place(w->options, platform->arch);
	request.at = change->place;
	if (w->options->accelerate && find_tools(w, facts, below, platform, change))
		return w->e->code;
	/* The first layer is written to the layout directly, unless the image may have the same one already. */
	request.has_place = w->blobs >= 0 && !w->n && !facts->image->is_grafted && w->options->codec == GRAFT_NONE;
	request.place = w->blobs;
	r = accel_image_graft(change->tools, &request, &change->graft, w->e);
	if (r)
		return r;
	/* The tools' directory holds nothing else: image_ours_emulator() recognizes tools by it. */
	if (!image_ours_is_at(change->graft.path, place) &&
		!(change->tools && image_ours_is_at(place, change->graft.path)))
		return 0;
	return err_set(w->e, -EBADMSG, "/%s is reserved for native tools: choose another path for the emulator",
		change->graft.path);
}

/* Plans the image's new config and layers. */
static int add_target(struct image_work *w, const struct model_image *image, struct image_change *change)
{
	struct edit_target *target = &w->targets[w->n];
	const struct graft *other = NULL;
	auto_buf text = { 0 };
	int r = model_config(w->bundle, image, &text, w->e);

	target->digest = image->config_digest;
	target->graft = &change->graft;
	target->n_layers = image->n_layers;
	target->drops = mem_new(image->n_layers + 1, sizeof(*target->drops));
	if (!r)
		r = config_put(&text, &change->graft, &target->config, &change->replaces, w->e);
	if (!r && change->replaces)
		target->drops[image->n_layers - 1] = true;
	/* A layer that several images share is compressed once. */
	for (size_t i = 0; i < w->n && !other; i++)
		if (!strcmp(w->changes[i].graft.diff_id, change->graft.diff_id))
			other = &w->changes[i].graft;
	w->n++;
	return r || w->options->codec == GRAFT_NONE ? r : graft_pack(&change->graft, w->options->codec, other, w->e);
}

static int graft_onto(
	struct image_work *w, const struct image_facts *facts, const struct view *view, const struct platform *platform)
{
	struct image_change *change = &w->changes[w->n];
	struct view below = { view->layers, view->n - (facts->image->is_grafted && view->n) };
	struct inject_source *source;
	int r = inject_find_source(w->target->inject, platform->arch, &source, w->e);

	/* Not every reader of docker-archives and of Docker's manifests supports zstd (skopeo#1286). */
	if (!r && w->options->codec == GRAFT_ZSTD &&
		(w->report.model.format == MODEL_DOCKER_ARCHIVE || w->report.model.format == MODEL_DUAL ||
			facts->image->is_docker_type)) {
		err_set(w->e, -EBADMSG,
			"layers of Docker's formats are not compressed with zstd: not every engine reads them");
		r = err_hint(w->e, "--compress=gzip, or 'anyarch convert' it to OCI first");
	}
	if (!r && facts->image->is_grafted && (!view->n || !image_ours_emulator(view->layers[view->n - 1]))) {
		err_set(w->e, -EBADMSG,
			"its topmost layer has the mark of an injected emulator, but is something else");
		r = err_hint(w->e, "the image was made that way: do not trust it");
	}
	r = r ? r : make_graft(w, facts, &below, platform, source->emulator.fd);
	if (r)
		return r;
	if (has_it(facts, view, change, source->emulator.fd)) {
		w->has_left = true;
		image_tell(w, change, INJECT_UNCHANGED);
		graft_done(&change->graft);
		free(take_ptr(&change->tools));
		return 0;
	}
	/* The limit of Docker (moby, layer.MaxLayerDepth); other engines stop at 127. */
	if (below.n + 1 > DEPTH_MAX)
		inject_note(w->target, "with this layer the image has %zu layers; engines support at most %d",
			below.n + 1, DEPTH_MAX);
	return add_target(w, facts->image, change);
}

static int look_for_graft(struct image_work *w, const struct image_facts *facts, const struct view *view)
{
	const struct content *content = &facts->content;
	/* Of the image's files; without programs the label's, if --platform was specified. */
	const struct platform *platform = content->has_platform				 ? &content->platform
					  : w->options->has_platform && facts->has_label ? &facts->label
											 : NULL;

	if (content->has_platform && facts->has_label && facts->label.arch != content->platform.arch)
		inject_note(w->target, "the label says linux/%s, but its programs are for %s",
			facts->image->architecture, arch_word(content->platform.arch));
	if (platform && w->options->has_platform && platform->arch != w->options->platform.arch)
		return 0;
	if (facts->is_incomplete) {
		const struct model_image *image = facts->image;
		size_t i = 0;

		while (i + 1 < image->n_layers && !(image->is_opaque && image->is_opaque[i]) &&
			bundle_has(w->bundle, image->layers[i]))
			i++;
		return err_set(w->e, -EBADMSG, "the layer %s is not in the file, or of a kind that cannot be read",
			image->layers[i]);
	}
	if (!platform) {
		err_set(w->e, -EBADMSG, "cannot determine its platform: no program found");
		return err_hint(w->e, "if the label is right, pass the same platform: --platform PLATFORM");
	}
	if (inject_is_native(w->options, platform->arch)) {
		w->has_left = true;
		inject_tell(w->target->report,
			&(struct inject_outcome){
				.result = INJECT_UNCHANGED, .is_native = true, .arch = platform->arch });
		return 0;
	}
	return graft_onto(w, facts, view, platform);
}

int image_plan_look(struct image_facts *facts, const struct view *view, void *context)
{
	struct image_work *w = context;
	const struct model_image *image = facts->image;

	if (!image_is_named(image, w->name.reference))
		return 0;
	w->has_named = true;
	if (edit_find(w->targets, w->n, image->config_digest)) /* planned already, under another tag */
		return 0;
	if (image->os && strcmp(image->os, "linux")) {
		w->has_left = true;
		inject_note(w->target, "an image for %s is left alone", image->os);
		return 0;
	}
	if (image->is_contradicted)
		return err_set(w->e, -EBADMSG,
			"index.json and manifest.json list different layers: readers disagree on which to use");
	if (w->options->removes)
		return image_take_look(w, facts, view);
	return look_for_graft(w, facts, view);
}
