// SPDX-License-Identifier: MIT
/* Native tools for the platforms of a run: where they come from, and what is said of them. */
#include "accel/toolchains.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/str.h"

static bool is_for(const struct toolchain *t, const struct platform *platform)
{
	return t->platform.arch == platform->arch && !strcmp(t->triplet, name_words(platform).gnu);
}

/* From a directory that toolchain_write() made, or a root; NULL: this machine's. */
static int load_any(const char *dir, const struct platform *platform, struct toolchain *ret, struct err *e)
{
	auto_free char *manifest = dir ? mem_print("%s/" TOOLCHAIN_MANIFEST, dir) : NULL;
	auto_free char *system = dir ? mem_print("%s/usr", dir) : NULL;
	int r;

	if (dir && (!access(manifest, F_OK) || access(system, F_OK)))
		return toolchain_open(dir, ret, e);
	r = toolchain_gather(dir ? dir : "/", platform, false, ret, e);
	return r && dir ? err_prefix(e, "%s", dir) : r;
}

static int load(const struct toolchains *all, const struct platform *platform, struct toolchain *ret, struct err *e)
{
	auto_buf own = { 0 }, wanted = { 0 };
	int r = load_any(all->dir, platform, ret, e);

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
	if (twin->verdict == TWIN_OTHER && tool_compiles(twin->tool->kind))
		buf_addf(out, ": %s %s there, %s %s here", there->vendor, there->version, here->vendor, here->version);
	else if (twin->verdict == TWIN_OTHER)
		buf_addf(out, ": %s there, %s here", there->version, here->version);
}

static bool is_told(const struct twin *twin)
{
	return twin->verdict != TWIN_ABSENT && !twin->tool->kind->is_plugin;
}

static bool is_same_package(const struct twin *a, const struct twin *b)
{
	return a->verdict == b->verdict && !tool_compiles(a->tool->kind) && !tool_compiles(b->tool->kind) &&
	       !strcmp(a->tool->kind->package, b->tool->kind->package);
}

/* What compiles has a name that says something; of the others the packages are named, each once. */
static bool is_first_of_name(const struct twins *twins, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_same_package(&twins->list[k], &twins->list[i]))
			return false;
	return is_told(&twins->list[i]);
}

static const char *told_name(const struct twin *twin)
{
	return tool_compiles(twin->tool->kind) ? twin->tool->kind->name : twin->tool->kind->package;
}

static void say_equal(struct buf *out, const struct twins *twins)
{
	const char *before = "";
	size_t n_others = 0;

	for (size_t i = 0; i < twins->n; i++)
		if (is_told(&twins->list[i]) && twins->list[i].verdict == TWIN_EQUAL) {
			n_others += !tool_compiles(twins->list[i].tool->kind);
			if (!tool_compiles(twins->list[i].tool->kind))
				continue;
			buf_addf(out, "%s%s", before, twins->list[i].tool->kind->name);
			before = " ";
		}
	if (n_others) {
		buf_addf(out, "%s%zu of", *before ? " and " : "", n_others);
		for (size_t i = 0; i < twins->n; i++)
			if (!tool_compiles(twins->list[i].tool->kind) && twins->list[i].verdict == TWIN_EQUAL &&
				is_first_of_name(twins, i))
				buf_addf(out, " %s", told_name(&twins->list[i]));
	}
	if (twins->n_equal)
		buf_adds(out, twins->n_equal == 1 ? " runs natively" : " run natively");
}

void twins_say(struct buf *out, const struct twins *twins)
{
	const char *before = twins->n_equal ? "; emulated: " : "emulated: ";

	say_equal(out, twins);
	for (size_t i = 0; i < twins->n; i++)
		if (twins->list[i].verdict != TWIN_EQUAL && is_first_of_name(twins, i)) {
			buf_addf(out, "%s%s (", before, told_name(&twins->list[i]));
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
