// SPDX-License-Identifier: MIT
/* What building a project and publishing it share: its commands, its files, and what its images are called. */
#include "project/flow.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/reference.h"

const char *flow_value(const struct flow *f, enum config_key key)
{
	return f->render.config.values[key];
}

int flow_run(const struct flow *f, const struct child *command, struct err *e)
{
	if (f->request->show)
		f->request->show(command, f->request->context);
	return f->request->dry_run ? 0 : child_run(command, e);
}

/* Whose line it is. */
struct speaker {
	const struct build_request *request;
	const struct build_item *item;
};

static void pass_line(const char *text, size_t len, void *context)
{
	const struct speaker *speaker = context;

	speaker->request->line(speaker->item, text, len, speaker->request->context);
}

int flow_run_for(const struct flow *f, const struct build_item *item, const struct child *command, struct err *e)
{
	struct speaker speaker = { f->request, item };
	struct child own = *command;

	if (f->has_lines && !own.is_quiet) {
		own.line = pass_line;
		own.context = &speaker;
	}
	return flow_run(f, &own, e);
}

char *flow_scratch(const struct flow *f, size_t i, const char *end)
{
	auto_buf word = { 0 };
	char *path;

	platform_word(&f->build->items[i].platform, &word);
	return asprintf(&path, "%s/%s%s", f->scratch, buf_text(&word), end) < 0 ? NULL : path;
}

/* ---- names ---- */

char *flow_name(const struct flow *f, const char *tag)
{
	const char *repo = flow_value(f, CONFIG_REPO);
	char *name;

	return asprintf(&name, "%s%s%s:%s", repo, *repo ? "/" : "", flow_value(f, CONFIG_IMAGE_NAME), tag) < 0 ? NULL
													       : name;
}

/* Said twice it is still one. */
static int add_name(struct flow *f, const char *tag, size_t len, struct err *e)
{
	auto_free char *part = mem_part(tag, len), *name = part ? flow_name(f, part) : NULL;

	if (!name)
		return err_sys(e, -ENOMEM, "cannot name the images");
	for (size_t i = 0; i < f->n_names; i++)
		if (!strcmp(f->names[i], name))
			return 0;
	if (f->n_names == NAMES_MAX)
		return err_set(e, -E2BIG, "ALIASES: more than %d names", NAMES_MAX);
	f->names[f->n_names++] = take_ptr(&name);
	return 0;
}

static int add_names(struct flow *f, struct err *e)
{
	const char *version = flow_value(f, CONFIG_IMAGE_VERSION), *aliases = flow_value(f, CONFIG_ALIASES), *tag;
	int r = add_name(f, version, strlen(version), e);
	size_t len;

	while (!r && str_next_item(&aliases, &tag, &len))
		r = add_name(f, tag, len, e);
	if (!r)
		f->build->name = mem_text(f->names[0]);
	return r || f->build->name ? r : err_sys(e, -ENOMEM, "cannot name the images");
}

/* A name for all would be pushed over it. */
static bool is_for_all(const struct flow *f, const char *name)
{
	for (size_t i = 0; i < f->n_names; i++)
		if (!strcmp(f->names[i], name))
			return true;
	return false;
}

static int check_unique(const struct flow *f, const struct build_item *item, struct err *e)
{
	const struct build_item *other = f->build->items;

	while (other < item && strcmp(other->name, item->name))
		other++;
	if (is_for_all(f, item->name))
		err_set(e, -EBADMSG, "%s is a name for all platforms, and cannot be that of %s", item->name,
			item->text);
	else if (other < item)
		err_set(e, -EBADMSG, "%s would be the name of %s and of %s", item->name, other->text, item->text);
	else
		return 0;
	return err_hint(e, "for example: PLATFORM_TAG=" CONFIG_VERSION_MARK "-__DOCKER_ARCH__");
}

static int name_item(const struct flow *f, const struct render_item *from, struct build_item *item, struct err *e)
{
	auto_buf tag = { 0 }, text = { 0 };

	item->platform = from->target.platform;
	name_platform(&text, item->platform.arch, item->platform.variant);
	if (config_tag(&f->render.config, &item->platform, &tag, e))
		return err_prefix(e, CONFIG_FILE);
	item->found = item->platform;
	item->text = buf_ok(&text) ? mem_text(buf_text(&text)) : NULL;
	item->name = flow_name(f, buf_text(&tag));
	if (!item->text || !item->name)
		return err_sys(e, -ENOMEM, "cannot name the images");
	return check_unique(f, item, e) ? err_prefix(e, CONFIG_FILE) : 0;
}

/* Both together: REPO alone may be a registry. */
static int check_name(const struct flow *f, struct err *e)
{
	auto_free char *name = flow_name(f, "");

	if (!name)
		return err_sys(e, -ENOMEM, "cannot name the images");
	name[strlen(name) - 1] = '\0';
	if (reference_is_name(name))
		return 0;
	err_set(e, -EBADMSG, "REPO and IMAGE_NAME make '%s', which no registry takes for a name", name);
	return err_hint(e, "lower-case letters and digits, with '.', '_' or '-' between them, and '/' between parts; "
			   "before them HOST[:PORT]");
}

int flow_name_all(struct flow *f, struct err *e)
{
	int r = config_require(&f->render.config, CONFIG_IMAGE_NAME, e);

	if (!r && f->request->push)
		r = config_require(&f->render.config, CONFIG_REPO, e);
	if (r)
		return err_prefix(e, CONFIG_FILE);
	r = check_name(f, e);
	if (!r)
		r = add_names(f, e);
	if (r)
		return err_prefix(e, CONFIG_FILE);
	for (size_t i = 0; !r && i < f->render.n; i++) {
		r = name_item(f, &f->render.items[i], &f->build->items[i], e);
		f->build->n++;
	}
	return r;
}
