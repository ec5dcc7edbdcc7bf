// SPDX-License-Identifier: MIT
/* Renders a project: a Dockerfile for each platform. */
#include "project/render.h"

#include <string.h>

#include "base/memory.h"
#include "base/newfile.h"
#include "base/str.h"
#include "project/files.h"

#define NOTE "# Rendered by anyarch from "

/* Limit for reading an existing file to compare; no generated file is larger. */
enum { LIMIT_RENDERED = 32 * 1024 * 1024 };

const char *const render_words[] = { "created", "replaced", "unchanged" };

static int read_config(int dir, struct config *ret, struct err *e)
{
	auto_buf text = { 0 }, where = { 0 };
	int r = files_read(dir, CONFIG_FILE, LIMIT_CONFIG, &text, e);

	if (r == -ENOENT) {
		files_where(dir, &where);
		err_set(e, r, "not a project: %s has no " CONFIG_FILE, buf_text(&where));
		return err_hint(e, "create one with 'anyarch init DIR', or specify the directory of one");
	}
	if (r)
		return r;
	if (config_parse(buf_text(&text), text.len, ret, e) || config_require(ret, CONFIG_TARGET_ARCHES, e))
		return err_prefix(e, CONFIG_FILE);
	return 0;
}

/* The selected platforms, or all. */
static int choose(const struct config *config, const struct platforms *selected, struct platforms *ret, struct err *e)
{
	for (size_t i = 0; i < selected->n && !selected->is_all; i++) {
		struct platforms one = { .items = { selected->items[i] }, .n = 1 };
		auto_buf name = { 0 }, all = { 0 };

		if (platforms_have(&config->platforms, &one.items[0]))
			continue;
		platforms_text(&one, &name);
		platforms_text(&config->platforms, &all);
		err_set(e, -EINVAL, "%s is not in TARGET_ARCHES of " CONFIG_FILE, buf_text(&name));
		return err_hint(e, "it has: %s", buf_text(&all));
	}
	*ret = selected->n && !selected->is_all ? *selected : config->platforms;
	return 0;
}

static int check_name(const struct render *render, const struct render_item *item, const char *file, struct err *e)
{
	if (!strcmp(item->name, file)) {
		err_set(e, -EBADMSG, CONFIG_FILE ": DOCKERFILE is %s, which is the name of a generated file", file);
		return err_hint(e, "call the template something else, for example " TEMPLATE_FILE);
	}
	for (const struct render_item *other = render->items; other < item; other++)
		if (!strcmp(other->name, item->name))
			return err_set(e, -EBADMSG, CONFIG_FILE ": TARGET_ARCHES has two platforms for %s", item->name);
	return 0;
}

static int render_one(const struct render *render, const struct template *t, const char *file, struct render_item *item,
	struct err *e)
{
	auto_buf note = { 0 }, word = { 0 };
	int r;

	platform_word(&item->target.platform, &word);
	item->name = mem_print("Dockerfile.%s", buf_text(&word));
	buf_addf(&note, NOTE "%s for ", file);
	name_platform(&note, item->target.platform.arch, item->target.platform.variant);
	buf_adds(&note, ": change that, not this.");
	r = template_render(t, &item->target, buf_text(&note), &item->text, e);
	return r ? err_prefix(e, "%s", file) : check_name(render, item, file, e);
}

int render_plan(const struct render_request *request, struct render *ret, struct err *e)
{
	auto_render render = { 0 };
	const struct config *config = &render.config;
	struct platforms platforms = { .n = 0 };
	auto_buf text = { 0 };
	struct template t;
	size_t mark;
	const char *file;
	int r = read_config(request->dir, &render.config, e);

	if (!r)
		r = choose(config, &request->selected, &platforms, e);
	if (r)
		return r;
	file = config->values[CONFIG_DOCKERFILE];
	r = files_read(request->dir, file, LIMIT_TEMPLATE, &text, e);
	if (r)
		return r == -ENOENT ? err_hint(e, "'anyarch init' creates one") : r;
	mark = str_starts(buf_text(&text), "\xef\xbb\xbf") ? 3 : 0; /* byte order mark; engines skip it */
	t = (struct template){ buf_text(&text) + mark, text.len - mark };
	r = template_check(&t, config->platforms.n > 1, e);
	if (r)
		return err_prefix(e, "%s", file);
	for (; !r && render.n < platforms.n; render.n++) {
		struct render_item *item = &render.items[render.n];

		item->target.platform = platforms.items[render.n];
		item->target.is_native = item->target.platform.arch == request->native;
		item->mode = newfile_usual_mode();
		r = render_one(&render, &t, file, item, e);
	}
	if (r)
		return r;
	*ret = render;
	render = (struct render){ 0 };
	return 0;
}

static int compare_one(struct render_item *item, int out, bool force, struct err *e)
{
	enum files_there there = files_look(out, item->name, &item->mode);
	auto_buf old = { 0 };
	const char *note;
	int r;

	item->result = there == FILES_NOTHING ? RENDER_CREATED : RENDER_REPLACED;
	if (there == FILES_NOTHING)
		return 0;
	if (there != FILES_REGULAR)
		return err_set(e, -EEXIST, "%s: %s", item->name,
			there == FILES_LINK ? "is a link, and is not followed" : "not a regular file");
	r = files_read(out, item->name, LIMIT_RENDERED, &old, e);
	if (r && !(r == -E2BIG && force))
		return r;
	if (old.len == item->text.len && !memcmp(buf_text(&old), buf_text(&item->text), old.len)) {
		item->result = RENDER_UNCHANGED;
		return 0;
	}
	note = strstr(buf_text(&old), NOTE);
	if (force || (note && (note == old.data || note[-1] == '\n')))
		return 0;
	err_set(e, -EEXIST, "%s was not generated by anyarch; refusing to overwrite it", item->name);
	return err_hint(e, "move it away, or replace it: --force");
}

int render_compare(struct render *render, int out, bool force, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < render->n; i++)
		r = compare_one(&render->items[i], out, force, e);
	if (r && e && r == -E2BIG)
		err_hint(e, "move it away, or replace it: --force");
	return r;
}

int render_write(const struct render_item *item, int out, struct err *e)
{
	const struct files_new file = { item->name, &item->text, item->mode, item->result == RENDER_CREATED };

	return item->result == RENDER_UNCHANGED ? 0 : files_write(out, &file, e);
}

void render_done(struct render *render)
{
	for (size_t i = 0; i < render->n; i++) {
		free(render->items[i].name);
		buf_done(&render->items[i].text);
	}
	config_done(&render->config);
	*render = (struct render){ 0 };
}
