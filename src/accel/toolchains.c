// SPDX-License-Identifier: MIT
/* Native tools for the platforms of a run: where they come from, and what is said of them. */
#include "accel/toolchains.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"

static bool is_for(const struct toolchain *t, const struct platform *platform)
{
	return t->platform.arch == platform->arch && !strcmp(t->triplet, name_words(platform).gnu);
}

static int load(const struct toolchains *all, const struct platform *platform, struct toolchain *ret, struct err *e)
{
	auto_buf own = { 0 }, wanted = { 0 };
	int r = all->dir ? toolchain_open(all->dir, ret, e) : toolchain_gather("", platform, ret, e);

	if (r || is_for(ret, platform))
		return r;
	name_platform(&own, ret->platform.arch, ret->platform.variant);
	name_platform(&wanted, platform->arch, platform->variant);
	toolchain_done(ret);
	err_set(e, -EBADMSG, "%s: its tools are for %s, not for %s", all->dir, buf_text(&own), buf_text(&wanted));
	return err_hint(e, "anyarch toolchain %s -o DIR", buf_text(&wanted));
}

int toolchains_find(
	struct toolchains *all, const struct platform *platform, const struct toolchain **ret, struct err *e)
{
	auto_free struct toolchain *made = NULL;
	int r;

	for (size_t i = 0; i < all->n; i++)
		if (is_for(all->list[i], platform)) {
			*ret = all->list[i];
			return 0;
		}
	if (all->n == TOOLCHAINS_MAX)
		return err_set(e, -E2BIG, "tools for more than %d platforms", TOOLCHAINS_MAX);
	made = mem_new(1, sizeof(*made));
	r = load(all, platform, made, e);
	if (r)
		return r;
	r = all->needs_digests ? toolchain_digest(made, e) : 0;
	if (r) {
		toolchain_done(made);
		return r;
	}
	*ret = all->list[all->n++] = take_ptr(&made);
	return 0;
}

void toolchains_done(struct toolchains *all)
{
	for (size_t i = 0; i < all->n; i++) {
		toolchain_done(all->list[i]);
		free(all->list[i]);
	}
	all->n = 0;
}

/* Why a tool stays emulated: "another version: Debian 13.2.0-5 there, Debian 12.2.0-14 here". */
static void add_why(struct buf *out, const struct twin *twin)
{
	const struct identity *there = &twin->identity, *here = &twin->tool->identity;

	buf_adds(out, twin_words[twin->verdict]);
	if (twin->verdict == TWIN_OTHER)
		buf_addf(out, ": %s %s there, %s %s here", there->vendor, there->version, here->vendor, here->version);
}

static bool is_told(const struct twin *twin)
{
	return twin->verdict != TWIN_ABSENT && !twin->tool->kind->is_plugin;
}

void twins_say(struct buf *out, const struct twins *twins)
{
	const char *before = "";

	for (size_t i = 0; i < twins->n; i++)
		if (is_told(&twins->list[i]) && twins->list[i].verdict == TWIN_EQUAL) {
			buf_addf(out, "%s%s", before, twins->list[i].tool->kind->name);
			before = " ";
		}
	if (twins->n_equal)
		buf_adds(out, twins->n_equal == 1 ? " runs natively" : " run natively");
	before = twins->n_equal ? "; emulated: " : "emulated: ";
	for (size_t i = 0; i < twins->n; i++)
		if (is_told(&twins->list[i]) && twins->list[i].verdict != TWIN_EQUAL) {
			buf_addf(out, "%s%s (", before, twins->list[i].tool->kind->name);
			add_why(out, &twins->list[i]);
			buf_adds(out, ")");
			before = ", ";
		}
}

void twins_json(struct json *object, const struct twins *twins)
{
	struct json *accelerated = jv_array(), *emulated = jv_array();

	for (size_t i = 0; i < twins->n; i++) {
		const struct twin *twin = &twins->list[i];
		auto_buf why = { 0 };
		struct json *o;

		if (!is_told(twin))
			continue;
		if (twin->verdict == TWIN_EQUAL) {
			jv_push(accelerated, jv_text(twin->tool->kind->name));
			continue;
		}
		o = jv_object();
		add_why(&why, twin);
		jv_set(o, "tool", jv_text(twin->tool->kind->name));
		jv_set(o, "why", jv_text(buf_text(&why)));
		jv_push(emulated, o);
	}
	jv_set(object, "accelerated", accelerated);
	jv_set(object, "emulated", emulated);
}

int twins_check(const struct twins *twins, struct err *e)
{
	auto_buf why = { 0 };

	if (twins->n_equal)
		return 0;
	twins_say(&why, twins);
	err_set(e, -EBADMSG, "no tool of it can run natively: %s", why.len ? buf_text(&why) : "it has no compiler");
	return err_hint(e, why.len ? "a machine of the same release has the same tools"
				   : "install the compiler in it first, or leave out --accelerate");
}
