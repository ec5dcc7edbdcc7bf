// SPDX-License-Identifier: MIT
/* Publishes one name for all platforms of a project: writes and pushes the index. */
#include "project/publish.h"

#include <fcntl.h>
#include <string.h>

#include "base/memory.h"
#include "image/model.h"
#include "image/write.h"
#include "project/push.h"

/* The images for the index, open until it is written. */
struct gathered {
	struct bundle *bundles[PLATFORMS_MAX];
	struct model models[PLATFORMS_MAX];
	struct write_image images[PLATFORMS_MAX];
	const char *tags[NAMES_MAX]; /* all names */
	size_t n, n_tags;
	char digest[DIGEST_TEXT]; /* of the index */
};

static int gather_one(const struct flow *f, struct gathered *g, size_t i, struct err *e)
{
	const struct build_item *item = &f->build->items[i];
	auto_free char *archive = flow_scratch(f, i, ".tar");
	const struct model_image *image;
	int fd = open(archive, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return err_sys(e, -errno, "%s", item->name);
	g->bundles[i] = bundle_open(fd, e);
	if (!g->bundles[i])
		return e ? e->code : -EBADMSG;
	g->n++;
	r = model_read(g->bundles[i], &g->models[i], e); /* already checked after the build */
	if (r)
		return r;
	image = g->models[i].images;
	while (image->kind != MODEL_IMAGE) /* there is one: checked after the build */
		image++;
	g->images[i] = (struct write_image){ .bundle = g->bundles[i],
		.image = image,
		.architecture = item->found.arch->oci,
		.variant = write_variant(&item->found),
		.is_host = item->found.arch == arch_host() };
	return 0;
}

/* Refuses two images with the same platform: engines would use either. */
static int check_different(const struct build *build, struct err *e)
{
	for (size_t i = 0; i < build->n; i++)
		for (size_t k = 0; k < i; k++)
			if (platform_is_same(&build->items[i].found, &build->items[k].found))
				return err_set(e, -EBADMSG,
					"the images for %s and %s are labeled with the same platform",
					build->items[k].text, build->items[i].text);
	return 0;
}

static int write_index(struct gathered *g, const char *path, struct err *e)
{
	const struct write_index request = { g->images, g->n, g->tags, g->n_tags, NULL, 0 };
	auto_outlet outlet = OUTLET_INIT;
	int r = outlet_open(&(struct outlet_request){ .path = path, .force = true }, &outlet, e);

	return r ? r : oci_write_index(&request, &outlet, g->digest, e);
}

/* Whether some platforms of TARGET_ARCHES are missing. */
static bool is_partial(const struct flow *f)
{
	return f->build->n < f->render.config.platforms.n;
}

static int to_registry(const struct flow *f, const char *archive, struct err *e)
{
	struct push push = { .n = f->n_names,
		.archive = archive,
		.is_ours = !f->request->out,
		.tag = flow_value(f, CONFIG_IMAGE_VERSION) };
	int r;

	if (is_partial(f)) { /* replacing the names would drop the other platforms */
		push.n = 0;
		flow_note(f, "only these platforms are pushed: %s is for all of TARGET_ARCHES, and is not changed",
			f->build->name);
	}
	r = push_all(f, &push, f->build->digest, e);
	f->build->is_pushed = !r && !f->request->dry_run;
	if ((r || is_partial(f)) && !f->request->out) /* it was neither written nor pushed */
		*f->build->digest = '\0';
	return r;
}

static int make_index(const struct flow *f, struct gathered *g, struct err *e)
{
	auto_free char *own = mem_print("%s/all", f->scratch);
	const char *path = f->request->out ? f->request->out : own;
	int r;

	for (; g->n_tags < f->n_names; g->n_tags++)
		g->tags[g->n_tags] = f->names[g->n_tags];
	r = check_different(f->build, e);
	if (!f->request->dry_run) {
		for (size_t i = 0; !r && i < f->build->n; i++)
			r = gather_one(f, g, i, e);
		if (!r)
			r = write_index(g, path, e);
		memcpy(f->build->digest, r ? "" : g->digest, r ? 1 : sizeof(g->digest));
	}
	return r || !f->request->push ? r : to_registry(f, path, e);
}

int publish(const struct flow *f, struct err *e)
{
	auto_free struct gathered *gathered = mem_new(1, sizeof(*gathered));
	int r = make_index(f, gathered, e);

	for (size_t i = 0; i < gathered->n; i++) {
		model_done(&gathered->models[i]);
		bundle_free(gathered->bundles[i]);
	}
	return r;
}
