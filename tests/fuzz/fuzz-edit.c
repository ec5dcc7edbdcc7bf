// SPDX-License-Identifier: MIT
/*
 * The whole edit: an archive in, an archive with an emulator in each image out, and that without it again. Whatever is
 * taken is read again, and is the same but for a layer; taken out, in each of the two ways, the digests are those of
 * the beginning. On the way some of its files are read.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "accel/extract.h"
#include "base/fdio.h"
#include "fuzz.h"
#include "image/edit.h"
#include "image/edit_config.h"
#include "image/facts.h"
#include "recipe.h"

enum { TARGETS_MAX = 16 };

struct work {
	struct graft grafts[TARGETS_MAX];
	struct edit_target targets[TARGETS_MAX];
	size_t n;
	enum graft_codec codec;
	const struct bundle *bundle;
};

static int emulator(void)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("emulator", MFD_CLOEXEC);
		must(fd >= 0 && !fd_write(fd, "emulator", 8));
	}
	return fd;
}

/* As many bytes as the header said, or why there are none. */
static void read_files(const struct bundle *bundle, const struct model_image *image, const struct view *view)
{
	static const char *const paths[] = { "/bin/sh", "/usr/bin/qemu-arm-static", "/etc/os-release", "/a",
		"/../usr/lib/x" };
	struct extract x = { .view = view, .bundle = bundle, .names = image->layers };
	auto_err e = { 0 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		must(!extract_want(&x, paths[i]));
	r = extract_read(&x, &e);
	fuzz_check(r < 0 ? r : 0, &e);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(paths); i++) {
		auto_buf content = { 0 };
		struct stat st;
		auto_fd fd = extract_open(&x, paths[i], &st);

		must(fd < 0 || (!fd_read_all(fd, BUF_LIMIT, &content) && content.len == (size_t)st.st_size));
	}
	extract_done(&x);
}

/* The image's config with the layer of the last graft; false where that is refused. */
static bool plan(struct work *w, const struct model_image *image, struct edit_target *ret)
{
	auto_buf text = { 0 };
	auto_err e = { 0 };
	bool replaces;

	*ret = (struct edit_target){ .digest = image->config_digest,
		.drops = calloc(image->n_layers + 1, 1),
		.n_layers = image->n_layers,
		.graft = &w->grafts[w->n] };
	must(ret->drops && !model_config(w->bundle, image, &text, &e));
	if (!config_put(&text, ret->graft, &ret->config, &replaces, &e)) {
		must(!replaces);
		return true;
	}
	edit_target_done(ret);
	return false;
}

static int graft_onto(struct image_facts *facts, const struct view *view, void *context)
{
	struct graft_request request = { .view = view, .at = "/usr/bin/qemu-arm-static", .emulator = emulator() };
	const struct buf text = { .data = (char[]){ "text" }, .len = 4 };
	const struct graft_file files[] = { { "/usr/lib/anyarch/native/x", 0644, -1, &text },
		{ "/usr/lib/anyarch/native/bin/x", 0755, emulator(), NULL } };
	struct work *w = context;
	auto_err e = { 0 };

	if (!facts->is_incomplete && view->n == facts->image->n_layers)
		read_files(w->bundle, facts->image, view);
	request.files = files;
	request.n_files = facts->image->n_layers % 2 ? ARRAY_SIZE(files) : 0;
	if (facts->is_incomplete || facts->image->is_grafted || w->n == TARGETS_MAX ||
		edit_find(w->targets, w->n, facts->image->config_digest) || graft_make(&request, &w->grafts[w->n], &e))
		return 0;
	if (w->codec)
		must(!graft_pack(&w->grafts[w->n], w->codec, NULL, &e));
	if (plan(w, facts->image, &w->targets[w->n]))
		w->n++;
	else
		graft_done(&w->grafts[w->n]);
	return 0;
}

/* The archive that the edit makes of a bundle, opened and read. NULL when the edit is refused, which it may be. */
static struct bundle *edited(const struct bundle *bundle, const struct model *model, struct edit_target *targets,
	size_t n, struct image_report *ret)
{
	struct edit edit = { 0 };
	struct bundle *out;
	auto_err e = { 0 };
	int fd, r = edit_plan(&(struct edit_request){ bundle, model, targets, n, NULL }, &edit, &e);

	fuzz_check(r, &e);
	*ret = (struct image_report){ 0 };
	if (r)
		return NULL;
	fd = memfd_create("out", MFD_CLOEXEC);
	must(fd >= 0);
	r = commit_archive(bundle, &edit, fd, &e);
	must(!r || r == -EEXIST); /* a name that is taken */
	edit_done(&edit);
	if (r) {
		close(fd);
		return NULL;
	}
	out = bundle_open(fd, &e);
	must(out);
	r = image_look_each(out, NULL, ret, &e);
	must(!r);
	return out;
}

static void check_added(const struct work *w, const struct model *was, const struct model *is)
{
	must(was->n == is->n);
	for (size_t i = 0; i < was->n; i++) {
		const struct model_image *old = &was->images[i], *new = &is->images[i];
		const struct edit_target *target = NULL;

		for (size_t k = 0; old->config_digest && k < w->n; k++)
			if (!strcmp(w->targets[k].digest, old->config_digest))
				target = &w->targets[k];
		must(old->kind == new->kind &&new->n_layers == old->n_layers + (target && old->kind == MODEL_IMAGE));
		for (size_t k = 0; k < old->n_layers; k++)
			must(!strcmp(old->layers[k], new->layers[k]));
	}
}

static void check_back(const struct model *was, const struct model *is)
{
	must(was->n == is->n);
	for (size_t i = 0; i < was->n; i++)
		must(was->images[i].n_layers == is->images[i].n_layers &&
			!was->images[i].digest == !is->images[i].digest &&
			(!was->images[i].digest || !strcmp(was->images[i].digest, is->images[i].digest)));
}

/* Without the topmost layer; or without the layers with marks in the history, as under later layers. */
static void plan_back(
	const struct bundle *bundle, const struct model_image *image, bool by_marks, struct edit_target *ret)
{
	auto_buf text = { 0 }, dropped = { 0 };
	auto_err e = { 0 };
	bool *flags = calloc(image->n_layers + 1, 1);

	*ret = (struct edit_target){ .digest = image->config_digest, .drops = flags, .n_layers = image->n_layers };
	must(flags && !model_config(bundle, image, &text, &e));
	memset(flags, true, image->n_layers);
	if (by_marks &&
		config_drop_marked(&text, &(struct config_layers){ flags, NULL, image->n_layers }, &dropped, &e) > 0) {
		ret->config = dropped;
		dropped = (struct buf){ 0 };
		return;
	}
	memset(flags, false, image->n_layers);
	flags[image->n_layers - 1] = true;
	must(config_drop(&text, &ret->config, &e) == 1);
}

static void take_out(const struct bundle *bundle, struct image_report *with, const struct model *was, bool by_marks)
{
	struct edit_target targets[TARGETS_MAX];
	struct image_report without;
	size_t n = 0;

	for (size_t i = 0; i < with->model.n && n < TARGETS_MAX; i++)
		if (with->model.images[i].is_grafted && !edit_find(targets, n, with->model.images[i].config_digest))
			plan_back(bundle, &with->model.images[i], by_marks, &targets[n++]);
	bundle_free(edited(bundle, &with->model, targets, n, &without));
	check_back(was, &without.model);
	image_done(&without);
	for (size_t i = 0; i < n; i++)
		edit_target_done(&targets[i]);
}

static bool has_any_mark(const struct model *model)
{
	for (size_t i = 0; i < model->n; i++)
		if (model->images[i].is_grafted)
			return true;
	return false;
}

static void edit(const struct bundle *bundle, enum graft_codec codec)
{
	struct image_report report, with;
	struct work w = { .codec = codec, .bundle = bundle };
	struct bundle *out;
	auto_err e = { 0 };

	if (!image_look_each(bundle, &(struct image_visit){ graft_onto, &w }, &report, &e) && w.n &&
		!has_any_mark(&report.model)) {
		out = edited(bundle, &report.model, w.targets, w.n, &with);
		if (out) {
			check_added(&w, &report.model, &with.model);
			take_out(out, &with, &report.model, false);
			take_out(out, &with, &report.model, true);
		}
		image_done(&with);
		bundle_free(out);
	}
	for (size_t i = 0; i < w.n; i++) {
		edit_target_done(&w.targets[i]);
		graft_done(&w.grafts[i]);
	}
	image_done(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = recipe_open(data, len);
	struct bundle *bundle;
	auto_err e = { 0 };

	if (fd < 0)
		return 0;
	bundle = bundle_open(fd, &e);
	if (bundle)
		edit(bundle, (enum graft_codec)(len % 3));
	bundle_free(bundle);
	return 0;
}
