// SPDX-License-Identifier: MIT
/* Builders: remote engines, each for some of a project's platforms. */
#include "project/builders.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-"

enum { WHERE_MAX = 255 };

/* How a client selects an engine. A scheme's first row applies if the user's engine does not support the scheme. */
static const struct way {
	const char *scheme, *engine;
	const char *variable, *option; /* one of them is set; the value follows it */
	bool is_address;	       /* pass the whole address; else the name after the scheme */
	bool is_loaded;		       /* this machine's engine receives the built image */
} ways[] = {
	{ "ssh://", "docker", "DOCKER_HOST", .is_address = true },
	{ "ssh://", "buildx", "DOCKER_HOST", .is_address = true },
	{ "ssh://", "podman", .option = "--url", .is_address = true },
	{ "tcp://", "docker", "DOCKER_HOST", .is_address = true },
	{ "tcp://", "buildx", "DOCKER_HOST", .is_address = true },
	{ "tcp://", "podman", .option = "--url", .is_address = true },
	{ "unix://", "docker", "DOCKER_HOST", .is_address = true },
	{ "unix://", "buildx", "DOCKER_HOST", .is_address = true },
	{ "unix://", "podman", .option = "--url", .is_address = true },
	{ "context:", "docker", .option = "--context" },
	{ "context:", "buildx", .option = "--context" },
	{ "connection:", "podman", .option = "--connection" },
	{ "builder:", "buildx", "BUILDX_BUILDER", .is_loaded = true },
};

static const struct way *find_way(const char *where, const char *engine)
{
	const struct way *found = NULL;

	for (const struct way *way = ways; way < ways + ARRAY_SIZE(ways); way++)
		if (str_starts(where, way->scheme) && (!found || !strcmp(way->engine, engine)))
			found = way;
	return found;
}

/* Refuses what a client could read as an option, or a shell as syntax: ssh had such vulnerabilities. */
static int check_where(const char *where, struct err *e)
{
	const struct way *way = find_way(where, "");
	const char *rest = way ? where + strlen(way->scheme) : where, *host = strchr(rest, '@');

	if (!way)
		err_set(e, -EINVAL, "'%s' is not a builder", where);
	else if (!*rest || strlen(where) > WHERE_MAX)
		err_set(e, -EINVAL, "'%s': expected 1 to %d characters", where, WHERE_MAX);
	else if (*rest == '-' || (host && host[1] == '-'))
		err_set(e, -EINVAL, "'%s': a name cannot begin with '-'", where);
	else if (rest[strspn(rest, way->is_address ? NAME_CHARS "@:/[]%~+" : NAME_CHARS)])
		err_set(e, -EINVAL, "'%s' cannot have '%c' in it", where,
			rest[strspn(rest, way->is_address ? NAME_CHARS "@:/[]%~+" : NAME_CHARS)]);
	else
		return 0;
	return err_hint(e, "expected ssh://USER@HOST, tcp://HOST:PORT, unix://PATH, context:NAME, connection:NAME or "
			   "builder:NAME");
}

int builders_add(struct builders *list, const char *text, struct err *e)
{
	const char *item;
	size_t len;

	while (str_next_item(&text, &item, &len)) {
		const char *equals = memchr(item, '=', len);
		auto_free char *where = equals ? mem_part(equals + 1, len - (size_t)(equals + 1 - item)) : NULL;
		struct platform platform;

		if (!equals) {
			err_set(e, -EINVAL, "'%.*s': expected PLATFORM=WHERE", (int)MIN_OF(len, (size_t)WHERE_MAX),
				item);
			return err_hint(e, "for example: arm32v7=ssh://pi@raspberry");
		}
		if (name_parse(item, (size_t)(equals - item), &platform, e) || check_where(where, e))
			return -EINVAL;
		if (builders_find(list, &platform))
			return err_set(e, -EINVAL, "%.*s has two builders", (int)(equals - item), item);
		if (list->n == PLATFORMS_MAX)
			return err_set(e, -EINVAL, "more than %d builders", PLATFORMS_MAX);
		list->items[list->n].platform = platform;
		list->items[list->n++].where = take_ptr(&where);
	}
	return 0;
}

const char *builders_find(const struct builders *list, const struct platform *platform)
{
	for (size_t i = 0; i < list->n; i++)
		if (platform_is_same(&list->items[i].platform, platform))
			return list->items[i].where;
	return NULL;
}

void builders_done(struct builders *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].where);
	*list = (struct builders){ 0 };
}

int builders_open(const char *where, const struct engine_search *search, struct engine *ret, struct err *e)
{
	const struct way *way = find_way(where, search->name);
	struct engine engine = { 0 };
	struct engine_search that = *search;
	const char *value;
	int r;

	if (!way)
		return check_where(where, e);
	value = way->is_address ? where : where + strlen(way->scheme);
	engine.where = mem_text(where);
	engine.is_loaded = way->is_loaded;
	that.name = way->engine;
	if (way->variable)
		engine.variable = mem_print("%s=%s", way->variable, value);
	else
		engine.option = mem_print("%s=%s", way->option, value);
	r = engine_open(&that, &engine, e);
	if (r) {
		engine_done(&engine);
		return err_prefix(e, "builder %s", where);
	}
	*ret = engine;
	return 0;
}
