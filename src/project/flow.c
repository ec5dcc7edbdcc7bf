// SPDX-License-Identifier: MIT
/* Helpers shared by building and publishing: commands, temporary files, image names. */
#include "project/flow.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "base/fdio.h"

#include "base/memory.h"
#include "base/str.h"
#include "binfmt/native.h"
#include "image/reference.h"
#include "image/write.h"

const char *flow_value(const struct flow *f, enum config_key key)
{
	return f->render.config.values[key];
}

/* The platform whose output is passed on. */
struct speaker {
	const struct build_request *request;
	const struct build_item *item;
};

static void pass_line(const char *text, size_t len, void *context)
{
	const struct speaker *speaker = context;

	speaker->request->line(speaker->item, text, len, speaker->request->context);
}

/* Shows a command and, unless --dry-run, runs it. item: its platform, or NULL. */
static int run(const struct flow *f, const struct build_item *item, const struct child *command, struct err *e)
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

void flow_note(const struct flow *f, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprint(fmt, ap);
	va_end(ap);
	f->request->note(text, f->request->context);
}

int flow_engine(const struct flow *f, const struct flow_call *call, enum engine_verb verb,
	const struct engine_words *words, struct err *e)
{
	const struct engine *engine = call->engine ? call->engine : call->item ? call->item->engine : f->engine;
	auto_child command = { 0 };

	if (!engine_command(engine, verb, words, &command))
		return 0;
	command.answer = call->answer;
	return run(f, call->item, &command, e);
}

int flow_write(const struct flow *f, const char *path, const struct buf *text, struct err *e)
{
	auto_fd fd = -1;
	int r;

	if (f->request->dry_run)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write(fd, buf_text(text), text->len);
	return r ? err_sys(e, r, "%s", path) : 0;
}

char *flow_scratch(const struct flow *f, size_t i, const char *end)
{
	return mem_print("%s/%s%s", f->scratch, platform_word(&f->build->items[i].platform).text, end);
}

/* Docker treats 127.0.0.0/8, ::1 and localhost as insecure registries by default. */
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
		.variant = write_variant(&item->found),
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

static int name_item(const struct flow *f, const struct platform *platform, struct build_item *item, struct err *e)
{
	auto_buf tag = { 0 };
	const struct build_item *other;

	item->platform = item->found = *platform;
	if (config_tag(&f->render.config, &item->platform, &tag, e))
		return e ? e->code : -EBADMSG;
	item->text = mem_text(name_text(&item->platform).text);
	item->name = name_of(f, buf_text(&tag));
	/* The name for all platforms must not replace the name of one. */
	other = f->build->items;
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

int flow_name_all(struct flow *f, struct err *e)
{
	const char *aliases = flow_value(f, CONFIG_ALIASES), *tag;
	auto_free char *bare = name_of(f, "");
	size_t len;
	int r = config_require(&f->render.config, CONFIG_IMAGE_NAME, e);

	if (!r && f->request->push)
		r = config_require(&f->render.config, CONFIG_REPO, e);
	/* Checked together: REPO alone may be a registry's host. */
	bare[strlen(bare) - 1] = '\0';
	if (!r && !reference_is_name(bare)) {
		err_set(e, -EBADMSG, "REPO and IMAGE_NAME make '%s', which is not a valid image name", bare);
		r = err_hint(e,
			"use lower-case letters and digits, with '.', '_' or '-' between them, and '/' between parts; "
			"before them HOST[:PORT]");
	}
	if (r)
		return err_prefix(e, CONFIG_FILE);
	f->names[f->n_names++] = name_of(f, flow_value(f, CONFIG_IMAGE_VERSION));
	f->build->name = mem_text(f->names[0]);
	while (!r && str_next_item(&aliases, &tag, &len)) {
		auto_free char *part = mem_part(tag, len), *name = name_of(f, part);

		if (is_for_all(f, name))
			continue;
		if (f->n_names == NAMES_MAX)
			r = err_set(e, -E2BIG, "ALIASES: more than %d names", NAMES_MAX);
		else
			f->names[f->n_names++] = take_ptr(&name);
	}
	for (size_t i = 0; !r && i < f->render.n; i++) {
		r = name_item(f, &f->render.targets[i].platform, &f->build->items[i], e);
		f->build->n++;
	}
	return r ? err_prefix(e, CONFIG_FILE) : 0;
}

static int run_command(void *context, struct child *command, struct err *e)
{
	return run(context, NULL, command, e);
}

/* The engine of a builder (where), or of this machine (NULL); each is opened once. NULL with e set. */
static const struct engine *find_engine(struct flow *f, const char *where, struct err *e)
{
	const struct engine_search search = { f->request->engine ? f->request->engine : flow_value(f, CONFIG_ENGINE),
		flow_value(f, CONFIG_DOCKER_CLI_PATH), f->request->dry_run ? NULL : run_command, f };
	struct engine *next = &f->engines[f->n_engines];
	auto_err why = { 0 };
	int r;

	for (const struct engine *engine = f->engines; engine < next; engine++)
		if (where ? engine->where && !strcmp(where, engine->where) : !engine->where)
			return engine->kind ? engine : find_engine(f, NULL, e);
	if (f->request->dry_run && !where && !strcmp(search.name, "auto"))
		flow_note(f,
			"assuming docker: --dry-run contacts no engine; another one is used if docker does not answer");
	r = where ? builders_open(where, &search, next, &why) : engine_find(&search, next, &why);
	if (where && (r == -EIO || r == -ENOENT) && f->request->has_fallback) {
		flow_note(f, "%s; its platforms are built here", why.message);
		*next = (struct engine){ .where = mem_text(where) };
		f->n_engines++;
		return find_engine(f, NULL, e);
	}
	if (r) {
		err_move(e, &why);
		return NULL;
	}
	f->n_engines++;
	return next;
}

static int find_for(struct flow *f, struct build_item *item, struct err *e)
{
	const char *where = builders_find(&f->request->builders, &item->platform);
	auto_buf text = { 0 };

	if (!where)
		where = builders_find(&f->render.config.builders, &item->platform);
	item->engine = find_engine(f, where, e);
	if (!item->engine)
		return e->code;
	if (!item->engine->where) {
		bool is_native = item->platform.arch == arch_host();

		if (!is_native)
			native_test(&item->platform.arch, 1, true, &is_native, NULL);
		if (!f->request->is_remote || !item->engine->kind->has_daemon)
			item->native = is_native ? BUILD_NATIVE : BUILD_EMULATED;
		return 0;
	}
	item->builder = mem_text(item->engine->where);
	for (size_t i = 0; i < item->engine->is_native.n && item->native != BUILD_NATIVE; i++)
		item->native =
			item->engine->is_native.items[i].arch == item->platform.arch ? BUILD_NATIVE : BUILD_EMULATED;
	/* A builder that reports a single platform does not say what it emulates. */
	platforms_text(&item->engine->can, &text);
	if (item->engine->can.n < 2 || platforms_have(&item->engine->can, &item->platform))
		return 0;
	err_set(e, -EBADMSG, "builder %s does not build %s: it has %s", item->builder, item->text, buf_text(&text));
	return err_hint(e, "choose another one, or register handlers there");
}

/* Refuses a builder for a platform outside TARGET_ARCHES, probably a typo; code depends on the list's origin. */
static int check_used(const struct flow *f, const struct builders *list, int code, struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (!platforms_have(&f->render.config.platforms, &list->items[i].platform))
			return err_set(e, code, "%s has a builder and is not in TARGET_ARCHES of " CONFIG_FILE,
				name_text(&list->items[i].platform).text);
	return 0;
}

int flow_find_engines(struct flow *f, struct err *e)
{
	int r = check_used(f, &f->request->builders, -EINVAL, e);

	r = r ? r : check_used(f, &f->render.config.builders, -EBADMSG, e);
	f->engines = mem_new(PLATFORMS_MAX + 1, sizeof(*f->engines));
	for (size_t i = 0; !r && i < f->build->n; i++)
		r = find_for(f, &f->build->items[i], e);
	f->engine = f->engines;
	for (size_t i = 0; i < f->n_engines; i++)
		if (!f->engines[i].where)
			f->engine = &f->engines[i];
	return r;
}
