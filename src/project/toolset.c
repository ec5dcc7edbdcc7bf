// SPDX-License-Identifier: MIT
/* Native tools for a base image, installed by the engine: the same image for this machine, with cross packages. */
#include "project/toolset.h"

#include <string.h>
#include <sys/stat.h>

#include "accel/tools.h"
#include "base/digest.h"
#include "base/memory.h"
#include "base/str.h"

/* The user's options that affect the result and not how a RUN is executed; these are left out. */
static const char *const options_left_out[] = { "--target", "--no-cache", "--pull", "--label", "--annotation",
	"--squash", "--build-context", "--cache", "--output" };

/* The same image for this machine: arm32v7/debian becomes amd64/debian; debian is an index with both. Owned. */
static char *sibling_name(const struct platform *platform, const char *image)
{
	const struct platform own = { .arch = arch_host() };
	const struct name_words words = name_words(platform), host = name_words(&own);
	auto_free char *folder = mem_print("%s/", words.docker);
	const char *at = strstr(image, folder);

	if (!*words.docker || !at || (at > image && at[-1] != '/'))
		return mem_text(image);
	return mem_print("%.*s%s%s", (int)(at - image), image, host.docker, at + strlen(words.docker));
}

/* Skips packages that the release lacks. An installation error is fatal: an incomplete set would be kept. */
static int build(const struct flow *f, const struct flow_call *call, const struct engine_words *words, struct err *e)
{
	const struct build_request *request = f->request;
	const char *options[BUILD_OPTIONS_MAX];
	struct name_words names = name_words(&call->item->platform);
	auto_free char *dir = mem_print("%s.d", words->archive), *path = mem_print("%s/Dockerfile", dir);
	struct engine_words those = *words;
	auto_buf text = { 0 };
	int r;

	for (size_t i = 0; i < request->n_options; i++) {
		bool is_kept = true;

		for (size_t k = 0; k < ARRAY_SIZE(options_left_out); k++)
			is_kept &= !str_starts(request->options[i], options_left_out[k]);
		if (is_kept)
			options[those.n_options++] = request->options[i];
	}
	buf_addf(&text,
		"FROM %s\nUSER 0\nRUN command -v apt-get >/dev/null || exit 0; "
		"apt-get -o APT::Update::Error-Mode=any update && known= && for one in",
		words->target);
	for (const struct tool_kind *kind = tool_kinds; *names.gnu && kind->name && tool_compiles(kind); kind++) {
		auto_buf name = { 0 };

		buf_adds(&name, " ");
		tool_package(&name, kind, names.gnu);
		if (!strstr(buf_text(&text), buf_text(&name)))
			buf_add(&text, name.data, name.len);
	}
	buf_adds(&text,
		"; do apt-cache show $one >/dev/null 2>&1 && known=\"$known $one\" || echo \"$one: not available\"; "
		"done && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $known && "
		"apt-get clean && rm -rf /var/lib/apt/lists/*\n");
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "%s", dir);
	r = flow_write(f, path, &text, e);
	those.options = options;
	those.dockerfile = path;
	those.context = dir;
	return r ? r : flow_engine(f, call, ENGINE_BUILD, &those, e);
}

/* Restores the base image's name if the engine moved it to the pulled image. */
static int pull(const struct flow *f, const struct flow_call *call, const struct toolset *set,
	const struct engine_words *words, struct err *e)
{
	auto_free char *sibling = sibling_name(&call->item->platform, set->image);
	const struct engine_words own = { .name = sibling,
		.platform = words->platform,
		.target = words->target,
		.insecure = flow_insecure(f, sibling) };
	const struct engine_words old = { .name = set->copy, .target = set->image };
	int r = flow_engine(f, call, ENGINE_PULL, &own, e), back = 0;

	r = r ? r : flow_engine(f, call, ENGINE_TAG, &own, e);
	if (!strcmp(sibling, set->image) && !strchr(set->image, '@'))
		back = flow_engine(f, call, ENGINE_TAG, &old, r ? NULL : e);
	return r ? r : back;
}

/*
 * Removes the set of the base image's previous version, which has a second name, derived from the base image's. The
 * engine keeps an image that is in use or has other names.
 */
static int replace_old(const struct flow *f, const struct flow_call *call, const struct toolset *set,
	const struct engine_words *words, struct err *e)
{
	auto_buf id = { 0 };
	struct flow_call asking = *call;
	char digest[DIGEST_TEXT];
	auto_free char *last = NULL, *old = NULL;
	int r;

	digest_text(set->image, strlen(set->image), digest);
	last = mem_print("%.*s-last-%.16s", (int)(strrchr(words->name, '-') - words->name), words->name,
		strchr(digest, ':') + 1);
	asking.answer = &id;
	r = flow_engine(f, &asking, ENGINE_ID, &(struct engine_words){ .name = last }, NULL);
	if (flow_engine(f, call, ENGINE_TAG, &(struct engine_words){ .name = words->name, .target = last }, e))
		return e->code;
	old = mem_print("%.*s", (int)strcspn(buf_text(&id), "\n"), buf_text(&id));
	if (!r && *old)
		flow_engine(f, call, ENGINE_REMOVE, &(struct engine_words){ .name = old }, NULL);
	return 0;
}

int toolset_make(const struct flow *f, size_t i, const struct toolset *set, struct err *e)
{
	struct build_item *item = &f->build->items[i];
	const struct platform own = { .arch = arch_host() };
	auto_buf platform = { 0 }, id = { 0 };
	auto_free char *name = NULL, *base = NULL;
	struct flow_call call = { .item = item, .answer = &id };
	struct engine_words words = { .name = set->copy, .archive = set->archive };
	int r = flow_engine(f, &call, ENGINE_ID, &words, e);
	const char *digits = strchr(buf_text(&id), ':');

	if (r)
		return r;
	name_platform(&platform, own.arch, own.variant);
	digits = digits ? digits + 1 : buf_text(&id);
	name = mem_print(
		"%sanyarch-tools:%s-%.16s", item->engine->kind->place, name_words(&item->platform).debian, digits);
	base = mem_print("%s-base", name);
	words.name = name;
	words.target = base;
	words.platform = buf_text(&platform);
	if (flow_engine(f, &call, ENGINE_ID, &words, NULL)) {
		call.answer = NULL;
		r = pull(f, &call, set, &words, e);
		r = r ? r : build(f, &call, &words, e);
		r = r ? r : replace_old(f, &call, set, &words, e);
		flow_engine(f, &call, ENGINE_REMOVE, &(struct engine_words){ .name = base }, NULL);
	}
	call.answer = NULL;
	return r ? r : flow_engine(f, &call, ENGINE_SAVE, &words, e);
}
