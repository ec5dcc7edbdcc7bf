// SPDX-License-Identifier: MIT
/* Native compilers in base images while a platform is built, and their removal from the built image. */
#include "project/accelerate.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "inject/inject.h"
#include "project/toolset.h"

int accelerate_check(const struct flow *f, struct err *e)
{
	if (f->request->accelerate && !f->engine->kind->sees_local) {
		err_set(e, -EBADMSG, "--accelerate does not work with %s: its builds may not see local images",
			f->engine->kind->name);
		return err_hint(e, "--engine docker uses BuildKit as well, with DOCKER_BUILDKIT=1");
	}
	return 0;
}

/* A change of an image archive: tools put in, or removed. */
struct change {
	const char *archive;
	struct inject_options options;
	bool fits; /* all compilers of the image, and at least half of its tools, have an equal native one */
};

static int change(const struct flow *f, struct change *change, struct err *e)
{
	struct inject inject = { .options = &change->options };
	auto_inject_report report = { 0 };
	int r = f->request->dry_run ? 0 : inject_change(&inject, change->archive, &report, e);
	size_t n_equal = 0, n_other = 0;
	bool lacks = false;

	for (size_t i = 0; i < report.n_notes; i++)
		f->request->note(report.notes[i], f->request->context);
	for (size_t i = 0; i < report.n; i++)
		for (size_t k = 0; report.outcomes[i].twins && k < report.outcomes[i].twins->n; k++) {
			const struct twin *twin = &report.outcomes[i].twins->list[k];

			n_equal += twin->verdict == TWIN_EQUAL;
			n_other += twin->verdict == TWIN_OTHER;
			lacks |= twin->verdict == TWIN_LACKING ||
				 (twin->verdict == TWIN_OTHER && tool_compiles(twin->kind));
		}
	change->fits = !lacks && n_equal >= n_other;
	inject_done(&inject);
	return r;
}

static int run_engine(
	const struct flow *f, struct build_item *item, enum engine_verb verb, const struct engine_words *words)
{
	return flow_engine(f, &(struct flow_call){ .item = item }, verb, words, &item->err);
}

/* A unique name, by the scratch directory's, which is in the tag since a repository has no capitals. */
static char *copy_name(const struct flow *f, const struct build_item *item, const char *end)
{
	char *name = mem_print("%sanyarch-native:%s-%s-%s", item->engine->kind->place, str_basename(f->scratch),
		strchr(item->text, '/') + 1, end);

	for (char *p = strrchr(name, ':'); (p = strchr(p, '/'));)
		*p = '-';
	return name;
}

static void note(const struct flow *f, const struct build_item *item, const struct base *base, const char *what,
	const struct err *why)
{
	auto_buf text = { 0 };

	buf_addf(&text, "%s: %s %s: %s", item->text, base->image, what,
		why->message ? why->message : "no native compilers for it");
	f->request->note(buf_text(&text), f->request->context);
}

/*
 * Puts in the machine's own tools or, if they are of another release, tools that the engine installs. *ret_has: some
 * were put in, even if not all fit.
 */
static int put_tools(
	const struct flow *f, size_t i, const struct base *base, const struct engine_words *copy, bool *ret_has)
{
	struct build_item *item = &f->build->items[i];
	auto_free char *set = mem_print("%s.set", copy->archive);
	struct change own = { copy->archive, { .accelerate = true, .toolchain = f->request->toolchain } },
		      made = { copy->archive, { .accelerate = true, .toolchain = set } };
	auto_err why = { 0 }, lack = { 0 };
	int r = change(f, &own, &why), m;

	*ret_has = !r;
	if ((r && r != -EBADMSG) || (!r && own.fits) || own.options.toolchain) {
		if (r == -EBADMSG)
			note(f, item, base, "is used as it is", &why);
		return r == -EBADMSG ? 0 : err_move(&item->err, &why);
	}
	m = toolset_make(f, i, &(struct toolset){ base->image, copy->name, set }, &lack);
	m = m ? m : change(f, &made, &lack);
	*ret_has |= !m;
	if (m == -EINTR)
		return err_move(&item->err, &lack);
	if (m)
		note(f, item, base, "gets no set of native tools", &lack);
	if (!*ret_has)
		note(f, item, base, "is used as it is", &why);
	return 0;
}

/* Puts tools into a copy of a base; a base that can have none is not an error. */
static int add_base(const struct flow *f, size_t i, size_t k, struct accelerated *with)
{
	struct build_item *item = &f->build->items[i];
	auto_free char *number = mem_print("%zu", k), *end = mem_print(".base-%zu", k),
		       *archive = flow_scratch(f, i, end);
	const struct base *base = &f->bases[i].items[k];
	struct engine_words copy = { .archive = archive, .platform = item->text };
	bool has = false;
	int r;

	copy.name = with->names[k] = copy_name(f, item, number);
	r = run_engine(f, item, ENGINE_TAG, &(struct engine_words){ .name = base->image, .target = copy.name });
	r = r ? r : run_engine(f, item, ENGINE_SAVE, &copy);
	r = r ? r : put_tools(f, i, base, &copy, &has);
	if (!r && has)
		r = run_engine(f, item, ENGINE_LOAD, &copy);
	with->n += has;
	if (!r && !has) { /* the copy is not needed */
		run_engine(f, item, ENGINE_REMOVE, &copy);
		free(take_ptr(&with->names[k]));
	}
	return r;
}

int accelerate_begin(const struct flow *f, size_t i, struct accelerated *ret, struct buf *text)
{
	struct build_item *item = &f->build->items[i];
	const struct buf *rendered = &f->render.files[i].text;
	const struct bases *bases = &f->bases[i];
	bool is_native = !f->request->accelerate || item->engine->where || item->native == BUILD_NATIVE;
	int r = 0;

	for (size_t k = 0; !r && !is_native && k < bases->n; k++)
		if (bases->items[k].n_places && !strcmp(bases->items[k].platform, item->text))
			r = add_base(f, i, k, ret);
	bases_rename(buf_text(rendered), rendered->len, bases, ret->names, text);
	item->is_accelerated = ret->n;
	return r;
}

int accelerate_eject(const struct flow *f, size_t i, const struct engine_words *image, struct accelerated *with)
{
	struct build_item *item = &f->build->items[i];
	struct engine_words old = *image;
	struct change removal = { .archive = image->archive, .options = { .removes = true } };
	int r;

	if (!with->n)
		return 0;
	/* podman and buildah record the names of base images in the history. */
	for (size_t k = 0; k < f->bases[i].n; k++)
		if (with->names[k] && !item->engine->kind->has_daemon)
			removal.options.bases[removal.options.n_bases++] =
				(struct config_base){ with->names[k], f->bases[i].items[k].image };
	r = change(f, &removal, &item->err);
	if (r)
		return r;
	/* Untagged, the image with compilers would stay in the engine: name it, to remove it later. */
	old.target = with->old = copy_name(f, item, "built");
	r = run_engine(f, item, ENGINE_TAG, &old);
	return r ? r : run_engine(f, item, ENGINE_LOAD, image);
}

static void remove_image(const struct flow *f, const struct build_item *item, char **name)
{
	if (*name)
		flow_engine(f, &(struct flow_call){ .item = item }, ENGINE_REMOVE,
			&(struct engine_words){ .name = *name }, NULL);
	free(take_ptr(name));
}

void accelerate_done(const struct flow *f, size_t i, struct accelerated *with)
{
	remove_image(f, &f->build->items[i], &with->old);
	for (size_t k = 0; k < BASES_MAX; k++)
		remove_image(f, &f->build->items[i], &with->names[k]);
}
