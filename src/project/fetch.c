// SPDX-License-Identifier: MIT
/* Base images, there before anything is built. */
#include "project/fetch.h"

#include <string.h>

#include "base/memory.h"
#include "image/facts.h"

int fetch_read(const struct flow *f, size_t i, struct bases *ret, struct err *e)
{
	const struct render_item *rendered = &f->render.items[i];
	auto_buf host = { 0 };
	struct bases_request request = { buf_text(&rendered->text), rendered->text.len, f->request->options,
		f->request->n_options, NULL, f->build->items[i].text };

	name_platform(&host, arch_host(), "");
	request.build_platform = buf_text(&host);
	return bases_read(&request, ret, e);
}

/* The one that was written down, or the one that is built for. */
static const char *platform_of(const struct flow *f, size_t i, const struct base *base)
{
	return base->platform ? base->platform : f->build->items[i].text;
}

static bool wanted_platform(const struct flow *f, size_t i, const struct base *base, struct platform *ret)
{
	*ret = f->build->items[i].platform;
	return !base->platform || !name_parse(base->platform, strlen(base->platform), ret, NULL);
}

/* Other: nothing can be made of it. Fitting: v6 for v7, which is taken where there is nothing better. */
enum there { THERE_NOT = 0, THERE_OTHER, THERE_FITTING, THERE_RIGHT };

/* Some engines do not say the variant. What lies there for another platform is taken by Docker's classic builder,
 * without a word. */
static enum there ask(
	const struct flow *f, const struct engine_image *image, const struct platform *wanted, struct buf *answer)
{
	struct platform found;
	struct child command;

	engine_ask(&f->engine, image, answer, &command);
	if (flow_run(f, &command, NULL) || !engine_platform(answer, &found))
		return THERE_NOT;
	if (found.arch != wanted->arch || (*found.variant && !image_fits(wanted, &found)))
		return THERE_OTHER;
	return !*found.variant || !*wanted->variant || !strcmp(found.variant, wanted->variant) ? THERE_RIGHT
											       : THERE_FITTING;
}

static int refuse(const struct engine_image *image, enum there there, const struct buf *answer, struct err *e)
{
	err_set(e, -EBADMSG, "the base image %s for %s cannot be had", image->name, image->platform);
	if (there == THERE_OTHER)
		return err_hint(e, "the engine has it for %.*s only, and the registry said the above",
			(int)strcspn(buf_text(answer), "\n"), buf_text(answer));
	return err_hint(e,
		"what the engine said is above%s; 'skopeo inspect --raw%s docker://%s' lists the platforms of an image",
		image->is_insecure ? "" : " (a registry that speaks plain HTTP: --insecure)",
		image->is_insecure ? " --tls-verify=false" : "", image->name);
}

static int fetch_one(const struct flow *f, size_t i, const struct base *base, struct err *e)
{
	const struct build_item *item = &f->build->items[i];
	struct engine_image image = {
		.name = base->image, .platform = platform_of(f, i, base), .is_insecure = f->request->insecure
	};
	enum there there;
	struct platform wanted;
	struct child command;
	auto_buf answer = { 0 };
	int r;

	if (!wanted_platform(f, i, base, &wanted))
		return err_set(e, -EBADMSG, "%s: FROM --platform=%s: no such platform", f->render.items[i].name,
			base->platform);
	there = ask(f, &image, &wanted, &answer);
	if (there == THERE_RIGHT)
		return 0;
	engine_pull(&f->engine, &image, &command);
	r = flow_run_for(f, item, &command, e);
	if (r != -EIO)
		return r;
	err_done(e);
	return there == THERE_FITTING ? 0 : refuse(&image, there, &answer, e);
}

int fetch_bases(const struct flow *f, size_t i, struct err *e)
{
	auto_bases bases = { 0 };
	int r = fetch_read(f, i, &bases, e);

	for (size_t k = 0; !r && k < bases.n; k++)
		r = fetch_one(f, i, &bases.items[k], e);
	return r;
}

static char *shared_by(const struct flow *f, size_t i, size_t k)
{
	auto_bases a = { 0 }, b = { 0 };

	if (fetch_read(f, i, &a, NULL) || fetch_read(f, k, &b, NULL))
		return NULL;
	if (a.has_unknown && b.has_unknown)
		return mem_text("what only docker knows");
	for (size_t x = 0; x < a.n; x++)
		for (size_t y = 0; y < b.n; y++)
			if (!strcmp(a.items[x].image, b.items[y].image) &&
				strcmp(platform_of(f, i, &a.items[x]), platform_of(f, k, &b.items[y])))
				return mem_text(a.items[x].image);
	return NULL;
}

char *fetch_shared(const struct flow *f)
{
	char *found = NULL;

	for (size_t i = 0; i < f->build->n; i++)
		for (size_t k = 0; !found && k < i; k++)
			found = shared_by(f, i, k);
	return found;
}
