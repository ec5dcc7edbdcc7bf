// SPDX-License-Identifier: MIT
/* What building a project and publishing it share: its commands, its files, and what its images are called. */
#include "project/flow.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/oci_write.h"
#include "image/reference.h"

const char *flow_value(const struct flow *f, enum config_key key)
{
	return f->render.config.values[key];
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

int flow_run(const struct flow *f, const struct build_item *item, const struct child *command, struct err *e)
{
	struct speaker speaker = { f->request, item };
	struct child shown = *command;

	if (item && f->has_lines && !shown.is_quiet && !shown.answer) {
		shown.line = pass_line;
		shown.context = &speaker;
	}
	if (f->request->show)
		f->request->show(&shown, f->request->context);
	return f->request->dry_run ? 0 : child_run(&shown, e);
}

int flow_engine(const struct flow *f, const struct flow_call *call, enum engine_verb verb,
	const struct engine_words *words, struct err *e)
{
	auto_child command = { 0 };

	if (!engine_command(call->engine ? call->engine : &f->engine, verb, words, &command))
		return 0;
	command.answer = call->answer;
	return flow_run(f, call->item, &command, e);
}

char *flow_scratch(const struct flow *f, size_t i, const char *end)
{
	auto_buf word = { 0 };

	platform_word(&f->build->items[i].platform, &word);
	return mem_print("%s/%s%s", f->scratch, buf_text(&word), end);
}

/* The ranges that Docker takes for insecure without being told (127.0.0.0/8, ::1), and the name for them. */
static bool is_loopback(const char *name)
{
	static const char *const hosts[] = { "localhost", "127.", "[::1]" };
	size_t len = strcspn(name, "/");

	for (size_t i = 0; name[len] && i < ARRAY_SIZE(hosts); i++) {
		size_t n = strlen(hosts[i]);

		if (str_starts(name, hosts[i]) && (hosts[i][n - 1] == '.' ? strspn(name, "0123456789.:") == len
									  : name[n] == '/' || name[n] == ':'))
			return true;
	}
	return false;
}

const char *flow_insecure(const struct flow *f, const char *name)
{
	return f->request->insecure || is_loopback(name) ? "yes" : NULL;
}

struct engine_words flow_words(const struct flow *f, const struct build_item *item)
{
	return (struct engine_words){ .platform = item->text,
		.arch = item->platform.arch->oci,
		.variant = oci_variant(&item->found),
		.name = item->name,
		.to = item->name,
		.context = f->context,
		.scratch = f->scratch,
		.shell = flow_value(f, CONFIG_SMOKE),
		.insecure = flow_insecure(f, item->name),
		.quiet = f->request->quiet ? "yes" : NULL,
		.options = f->request->options,
		.n_options = f->request->n_options };
}

/* ---- names ---- */

/* REPO/IMAGE_NAME:tag. */
static char *name_of(const struct flow *f, const char *tag)
{
	const char *repo = flow_value(f, CONFIG_REPO);

	return mem_print("%s%s%s:%s", repo, *repo ? "/" : "", flow_value(f, CONFIG_IMAGE_NAME), tag);
}

static bool is_for_all(const struct flow *f, const char *name)
{
	for (size_t i = 0; i < f->n_names; i++)
		if (!strcmp(f->names[i], name))
			return true;
	return false;
}

static int add_names(struct flow *f, struct err *e)
{
	const char *aliases = flow_value(f, CONFIG_ALIASES), *tag;
	size_t len;

	f->names[f->n_names++] = name_of(f, flow_value(f, CONFIG_IMAGE_VERSION));
	f->build->name = mem_text(f->names[0]);
	while (str_next_item(&aliases, &tag, &len)) {
		auto_free char *part = mem_part(tag, len), *name = name_of(f, part);

		if (is_for_all(f, name))
			continue;
		if (f->n_names == NAMES_MAX)
			return err_set(e, -E2BIG, "ALIASES: more than %d names", NAMES_MAX);
		f->names[f->n_names++] = take_ptr(&name);
	}
	return 0;
}

/* A name for all platforms would be pushed over that of one. */
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
	item->found = item->platform;
	if (config_tag(&f->render.config, &item->platform, &tag, e))
		return e ? e->code : -EBADMSG;
	name_platform(&text, item->platform.arch, item->platform.variant);
	item->text = mem_text(buf_text(&text));
	item->name = name_of(f, buf_text(&tag));
	return check_unique(f, item, e);
}

int flow_name_all(struct flow *f, struct err *e)
{
	auto_free char *name = name_of(f, "");
	int r = config_require(&f->render.config, CONFIG_IMAGE_NAME, e);

	if (!r && f->request->push)
		r = config_require(&f->render.config, CONFIG_REPO, e);
	/* Both together: REPO alone may be a registry. */
	name[strlen(name) - 1] = '\0';
	if (!r && !reference_is_name(name)) {
		err_set(e, -EBADMSG, "REPO and IMAGE_NAME make '%s', which is not a valid image name", name);
		r = err_hint(e,
			"use lower-case letters and digits, with '.', '_' or '-' between them, and '/' between parts; "
			"before them HOST[:PORT]");
	}
	if (!r)
		r = add_names(f, e);
	for (size_t i = 0; !r && i < f->render.n; i++) {
		r = name_item(f, &f->render.items[i], &f->build->items[i], e);
		f->build->n++;
	}
	return r ? err_prefix(e, CONFIG_FILE) : 0;
}
