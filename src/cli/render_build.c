// SPDX-License-Identifier: MIT
/* Output of anyarch build: commands while it runs, then the result for each platform, as text and JSON. */
#include "cli/render_build.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"

static const struct column columns[] = {
	{ "PLATFORM" },
	{ "IMAGE" },
	{ "RESULT" },
	{ "SECONDS" },
	{ "BUILDER" }, /* if not only this machine */
	{ 0 },
};

static const char *const native_words[] = {
	[BUILD_NATIVE_UNKNOWN] = "", [BUILD_NATIVE] = " (native)", [BUILD_EMULATED] = " (emulated)"
};

/* Shows a command on standard error, like the engine's output; with --dry-run, on standard output. */
static void show(const struct child *command, void *context)
{
	const struct project_view *view = context;
	auto_buf text = { 0 }, safe = { 0 };

	if (view->quiet)
		return;
	child_text(command, &text);
	str_escape(&safe, buf_text(&text), text.len);
	if (view->dry_run && !view->json)
		printf("%s\n", buf_text(&safe));
	else
		fprintf(stderr, "+ %s\n", buf_text(&safe));
}

/* A single call, since other threads write to stderr, too. */
static void show_line(const struct build_item *item, const char *text, size_t len, void *context)
{
	(void)context;
	fprintf(stderr, "%-12s | %.*s\n", item->text, (int)len, text);
}

static void show_note(const char *text, void *context)
{
	(void)context;
	say_note("%s", text);
}

static int tell_json(const struct build *build)
{
	struct json *o = jv_object(), *list = jv_array();

	for (size_t i = 0; i < build->n; i++) {
		const struct build_item *item = &build->items[i];
		struct json *one = jv_object();

		jv_set(one, "platform", jv_text(item->text));
		jv_set(one, "image", jv_text(item->name));
		jv_set(one, "result", jv_text(build_words[item->result]));
		jv_set(one, "builder", jv_text(item->builder));
		jv_set(one, "native", item->native ? jv_bool(item->native == BUILD_NATIVE) : jv_null());
		jv_set(one, "accelerated", jv_bool(item->is_accelerated));
		jv_set(one, "milliseconds", jv_uint((unsigned long)(item->seconds * 1000)));
		jv_push(list, one);
	}
	jv_set(o, "platforms", list);
	jv_set(o, "name", jv_text(build->name));
	jv_set(o, "digest", jv_text(*build->digest ? build->digest : NULL));
	jv_set(o, "pushed", jv_bool(build->is_pushed));
	return print_json(o);
}

int render_build(const struct build *build, const struct project_view *view, int code, struct err *e)
{
	auto_grid grid = grid_new(columns);
	bool has_builders = false;
	auto_err why = { 0 };
	bool has_begun = !code;

	for (size_t i = 0; i < build->n; i++) {
		const struct build_item *item = &build->items[i];
		auto_free char *seconds = mem_print("%.1f", item->seconds),
			       *where = mem_print("%s%s", item->builder ? item->builder : "this machine",
				       native_words[item->native]);

		has_begun |= item->result != BUILD_PENDING;
		has_builders |= item->builder != NULL;
		grid_row(&grid, (const char *[]){ item->text, item->name, build_words[item->result], seconds, where });
	}
	if (view->json) {
		if (tell_json(build))
			err_sys(&why, -EIO, "cannot write the output");
	} else if (!view->dry_run && has_begun) {
		grid_print(&grid,
			&(struct table_view){ .columns = has_builders ? NULL : "PLATFORM,IMAGE,RESULT,SECONDS" }, &why);
		if (*build->digest)
			printf("\n%s%s\n%s\n", build->name, build->is_pushed ? " (pushed)" : "", build->digest);
	}
	/* Reports failures again, since the engine's own output is far above. A signal is reported once. */
	fflush(stdout);
	for (size_t i = 0; i < build->n; i++) {
		const struct err *failure = &build->items[i].err;
		auto_free char *text =
			mem_print("%s: %s", build->items[i].text, failure->message ? failure->message : "failed");

		if (failure->code && failure->code != -EINTR)
			say_error(&(struct err){ failure->code, text, failure->hint });
	}
	return code || !why.code ? code : err_move(e, &why);
}

void render_build_watch(struct build_request *request, struct project_view *view)
{
	request->show = show;
	request->line = show_line;
	request->note = show_note;
	request->context = view;
}
