// SPDX-License-Identifier: MIT
/* Base images: fetched before anything is built. */
#include "project/fetch.h"

#include <string.h>

#include "base/memory.h"
#include "image/facts.h"

void fetch_read(struct flow *f)
{
	const struct platform host = { .arch = arch_host() };

	f->bases = mem_new(f->build->n, sizeof(*f->bases));
	for (size_t i = 0; i < f->build->n; i++) {
		const struct buf *text = &f->render.files[i].text;

		bases_read(&(struct bases_request){ buf_text(text), text->len, f->request->options,
				   f->request->n_options, name_text(&host).text, f->build->items[i].text },
			&f->bases[i]);
	}
}

void fetch_done(struct flow *f)
{
	for (size_t i = 0; f->bases && i < f->build->n; i++)
		bases_done(&f->bases[i]);
	free(take_ptr(&f->bases));
}

/* An image's local state. OTHER: another platform's. FITTING: v6 for v7, used if nothing better is available. */
enum there { THERE_NOT = 0, THERE_OTHER, THERE_FITTING, THERE_RIGHT };

/*
 * Asks the engine for a local image's platform; some engines report no variant. Docker's classic builder silently uses
 * an image for another platform. is_blind: the engine keeps several variants but reports only one.
 */
static enum there ask(const struct flow *f, const struct flow_call *call, const struct engine_words *words,
	const struct platform *wanted, bool *ret_is_blind)
{
	auto_err why = { 0 };
	struct platform found = { 0 };
	bool has = call->item->engine->kind->commands[ENGINE_ASK_FOR] &&
		   !flow_engine(f, call, ENGINE_ASK_FOR, words, &why) && engine_platform(call->answer, &found);

	*ret_is_blind = why.message && strstr(why.message, "unknown flag");
	if (!has) {
		buf_done(call->answer);
		has = !flow_engine(f, call, ENGINE_ASK, words, NULL) && engine_platform(call->answer, &found);
	}
	if (!has)
		return THERE_NOT;
	if (found.arch != wanted->arch || (*found.variant && !image_fits(wanted, &found)))
		return THERE_OTHER;
	return !*found.variant || !*wanted->variant || !strcmp(found.variant, wanted->variant) ? THERE_RIGHT
											       : THERE_FITTING;
}

/* Most stores keep one image per name; containerd's keeps an index. Separate builders keep their own base images. */
static bool keeps_several(const struct flow *f, const struct engine *engine)
{
	auto_buf answer = { 0 };

	return !engine->kind->sees_local ||
	       (engine->kind->has_daemon &&
		       !flow_engine(f, &(struct flow_call){ .engine = engine, .answer = &answer }, ENGINE_STORE,
			       &(struct engine_words){ 0 }, NULL) &&
		       strstr(buf_text(&answer), "io.containerd.snapshotter"));
}

static int fetch_one(const struct flow *f, size_t i, const struct base *base, struct err *e)
{
	const struct build_item *item = &f->build->items[i];
	const struct engine_words words = {
		.name = base->image, .platform = base->platform, .insecure = flow_insecure(f, base->image)
	};
	struct platform wanted;
	auto_buf answer = { 0 };
	bool is_blind = false;
	enum there there;
	int r;

	if (name_parse(base->platform, strlen(base->platform), &wanted, NULL))
		return err_set(e, -EBADMSG, "%s: FROM --platform=%s: unknown platform", f->render.files[i].name,
			base->platform);
	there = ask(f, &(struct flow_call){ .item = item, .answer = &answer }, &words, &wanted, &is_blind);
	if (there == THERE_RIGHT)
		return 0;
	r = flow_engine(f, &(struct flow_call){ .item = item }, ENGINE_PULL, &words, e);
	if (r != -EIO)
		return r;
	err_done(e);
	if (there == THERE_FITTING || (is_blind && there != THERE_NOT && keeps_several(f, item->engine)))
		return 0;
	err_set(e, -EBADMSG, "cannot get the base image %s for %s", words.name, words.platform);
	if (there == THERE_OTHER)
		return err_hint(e, "only the %.*s variant is available locally; see the registry error above",
			(int)strcspn(buf_text(&answer), "\n"), buf_text(&answer));
	return err_hint(e,
		"see the engine's error above%s; 'skopeo inspect --raw%s docker://%s' lists the platforms of an image",
		words.insecure ? "" : " (for a registry that speaks plain HTTP: --insecure)",
		words.insecure ? " --tls-verify=false" : "", words.name);
}

int fetch_bases(const struct flow *f, size_t i, struct err *e)
{
	int r = 0;

	for (size_t k = 0; !r && k < f->bases[i].n; k++)
		r = fetch_one(f, i, &f->bases[i].items[k], e);
	return r;
}

static const char *shared_by(const struct bases *a, const struct bases *b)
{
	if (a->has_unknown && b->has_unknown)
		return "an image that only the engine knows";
	for (size_t x = 0; x < a->n; x++)
		for (size_t y = 0; y < b->n; y++)
			if (!strcmp(a->items[x].image, b->items[y].image) &&
				strcmp(a->items[x].platform, b->items[y].platform))
				return a->items[x].image;
	return NULL;
}

const char *fetch_shared(const struct flow *f, const struct engine *engine)
{
	const char *found = NULL;

	for (size_t i = 0; i < f->build->n && engine->kind->sees_local; i++)
		for (size_t k = 0; !found && k < i; k++)
			if (f->build->items[i].engine == engine && f->build->items[k].engine == engine)
				found = shared_by(&f->bases[i], &f->bases[k]);
	return found && !keeps_several(f, engine) ? found : NULL;
}
