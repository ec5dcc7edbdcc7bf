// SPDX-License-Identifier: MIT
/* Base images with native compilers in them while a platform is built, and what was built without them again. */
#include "project/accelerate.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "binfmt/native.h"

int accelerate_check(const struct flow *f, struct err *e)
{
	if (f->request->accelerate && f->engine.kind == ENGINE_BUILDX) {
		err_set(e, -EBADMSG,
			"--accelerate does not go with buildx, which need not see images that are only here");
		return err_hint(e, "--engine docker uses BuildKit as well, with DOCKER_BUILDKIT=1");
	}
	return 0;
}

static bool runs_here(const struct build_item *item)
{
	bool is_native = false;

	return item->platform.arch == arch_host() ||
	       (!native_test(&item->platform.arch, 1, true, &is_native, NULL) && is_native);
}

/* As a user would type it. */
static int inject(const struct flow *f, const struct build_item *item, const char *archive, struct err *e)
{
	struct child c = { 0 };

	child_add(&c, f->request->program, "inject", "--accelerate", NULL);
	if (f->request->toolchain)
		child_add(&c, "--toolchain", f->request->toolchain, NULL);
	child_add(&c, "--quiet", archive, NULL);
	return flow_run_for(f, item, &c, e);
}

/* With what podman and buildah write into the history. */
static int eject(const struct flow *f, struct build_item *item, const char *archive, const struct accelerated *with)
{
	struct buf words[BASES_MAX] = { { 0 } };
	struct child c = { 0 };
	int r;

	child_add(&c, f->request->program, "eject", "--quiet", NULL);
	for (size_t k = 0; k < with->bases.n; k++) {
		if (!with->names[k] || engine_is_docker(&f->engine))
			continue;
		buf_addf(&words[k], "--base=%s=%s", with->names[k], with->bases.items[k].image);
		child_add(&c, buf_text(&words[k]), NULL);
	}
	child_add(&c, archive, NULL);
	r = flow_run_for(f, item, &c, &item->err);
	for (size_t k = 0; k < with->bases.n; k++)
		buf_done(&words[k]);
	return r;
}

static int run_engine(const struct flow *f, struct build_item *item,
	void (*make)(const struct engine *engine, const struct engine_image *image, struct child *ret),
	const struct engine_image *image)
{
	struct child c;

	make(&f->engine, image, &c);
	return flow_run_for(f, item, &c, &item->err);
}

/* Nobody else's, as the scratch directory's name is in it. A tag may have capitals, a repository may not. */
static char *copy_name(const struct flow *f, const struct build_item *item, const char *end)
{
	const char *place = engine_is_docker(&f->engine) ? "" : "localhost/";
	char *name;

	if (asprintf(&name, "%sanyarch-native:%s-%s-%s", place, str_basename(f->scratch), strchr(item->text, '/') + 1,
		    end) < 0)
		return NULL;
	for (char *p = strrchr(name, ':'); (p = strchr(p, '/'));)
		*p = '-';
	return name;
}

static int copy_base(const struct flow *f, size_t i, const struct base *base, const struct engine_image *copy)
{
	struct build_item *item = &f->build->items[i];
	struct engine_image from = { .name = base->image, .target = copy->name };
	int r = run_engine(f, item, engine_tag, &from);

	return r ? r : run_engine(f, item, engine_save, copy);
}

static void tell_plain(const struct flow *f, const struct build_item *item, const struct base *base)
{
	auto_buf text = { 0 };

	buf_addf(&text, "%s: %s is used as it is, for the reason above: what compiles in it is emulated", item->text,
		base->image);
	f->request->note(buf_text(&text), f->request->context);
}

/* Puts tools into the copy of a base; that it can have none hinders nobody. */
static int add_tools(
	const struct flow *f, size_t i, const struct base *base, const struct engine_image *copy, bool *ret_has)
{
	struct build_item *item = &f->build->items[i];
	auto_err why = { 0 };
	int r = copy_base(f, i, base, copy);

	*ret_has = false;
	r = r ? r : inject(f, item, copy->archive, &why);
	if (r == -EIO && why.code) {
		tell_plain(f, item, base);
		return 0;
	}
	if (r)
		return why.code ? err_move(&item->err, &why) : r;
	*ret_has = true;
	return run_engine(f, item, engine_load, copy);
}

static int add_base(const struct flow *f, size_t i, size_t k, struct accelerated *with)
{
	struct build_item *item = &f->build->items[i];
	const struct base *base = &with->bases.items[k];
	auto_free char *archive = NULL, *name = NULL, *target = NULL;
	char end[32];
	bool has = false;
	int r;

	snprintf(end, sizeof(end), "%zu", k);
	name = copy_name(f, item, end);
	snprintf(end, sizeof(end), ".base-%zu", k);
	archive = flow_scratch(f, i, end);
	if (!name || !archive || asprintf(&target, "oci-archive:%s:%s", archive, name) < 0)
		return err_sys(&item->err, -ENOMEM, "%s", item->name);
	r = add_tools(f, i, base, &(struct engine_image){ .name = name, .archive = archive, .target = target }, &has);
	with->names[k] = take_ptr(&name);
	with->n += !r && has;
	if (!r && !has) { /* the copy is not needed */
		run_engine(f, item, engine_remove, &(struct engine_image){ .name = with->names[k] });
		free(take_ptr(&with->names[k]));
	}
	return r;
}

static bool is_for(const struct build_item *item, const struct base *base)
{
	return base->n_places && (!base->platform || !strcmp(base->platform, item->text));
}

int accelerate_begin(const struct flow *f, size_t i, struct accelerated *ret, struct buf *text)
{
	struct build_item *item = &f->build->items[i];
	const struct buf *rendered = &f->render.items[i].text;
	int r = 0;

	if (f->request->accelerate && !runs_here(item)) {
		r = fetch_read(f, i, &ret->bases, &item->err);
		for (size_t k = 0; !r && k < ret->bases.n; k++)
			if (is_for(item, &ret->bases.items[k]))
				r = add_base(f, i, k, ret);
	}
	r = r ? r : bases_rename(buf_text(rendered), rendered->len, &ret->bases, ret->names, text);
	item->is_accelerated = ret->n;
	return r && !item->err.code ? err_sys(&item->err, r, "%s", item->name) : r;
}

int accelerate_eject(const struct flow *f, size_t i, const struct engine_image *image, struct accelerated *with)
{
	struct build_item *item = &f->build->items[i];
	struct engine_image old = { .name = image->name };
	int r;

	if (!with->n)
		return 0;
	r = eject(f, item, image->archive, with);
	with->old = r ? NULL : copy_name(f, item, "built");
	old.target = with->old;
	if (!r && !with->old)
		return err_sys(&item->err, -ENOMEM, "%s", item->name);
	/* The engine would keep the other one without a name. */
	r = r ? r : run_engine(f, item, engine_tag, &old);
	return r ? r : run_engine(f, item, engine_load, image);
}

static void remove_image(const struct flow *f, const struct build_item *item, const char *name)
{
	struct child c;

	engine_remove(&f->engine, &(struct engine_image){ .name = name }, &c);
	flow_run_for(f, item, &c, NULL);
}

void accelerate_done(const struct flow *f, size_t i, struct accelerated *with)
{
	const struct build_item *item = &f->build->items[i];

	if (with->old)
		remove_image(f, item, with->old);
	free(take_ptr(&with->old));
	for (size_t k = 0; k < with->bases.n; k++) {
		if (with->names[k])
			remove_image(f, item, with->names[k]);
		free(take_ptr(&with->names[k]));
	}
	bases_done(&with->bases);
}
