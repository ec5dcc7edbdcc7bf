// SPDX-License-Identifier: MIT
/* What anyarch build shows: commands while it runs, then what became of each platform, as text and JSON. */
#include "cli/render_build.h"

#include <string.h>

#include "base/str.h"

static const struct column columns[] = {
	{ "PLATFORM", "platform", "what it is for", COLUMN_TEXT, false },
	{ "IMAGE", "image", "what it is called", COLUMN_TEXT, false },
	{ "RESULT", "result", "what became of it", COLUMN_TEXT, false },
	{ "SECONDS", "seconds", "how long that took", COLUMN_TEXT, false },
	{ 0 },
};

/* On standard error, as the engine's output; with --dry-run the commands are the answer. */
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

/* In one piece: other threads write, too. */
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

static void fill(const struct build *build, struct grid *grid)
{
	for (size_t i = 0; i < build->n; i++) {
		const struct build_item *item = &build->items[i];
		char seconds[32];
		const char *cells[] = { item->text, item->name, build_words[item->result], seconds };

		snprintf(seconds, sizeof(seconds), "%.1f", item->seconds);
		grid_row(grid, cells);
	}
}

static int print_json(const struct build *build)
{
	struct json *o = jv_object(), *list = jv_array();
	int r;

	for (size_t i = 0; i < build->n; i++) {
		const struct build_item *item = &build->items[i];
		struct json *one = jv_object();

		jv_set(one, "platform", jv_text(item->text));
		jv_set(one, "image", jv_text(item->name));
		jv_set(one, "result", jv_text(build_words[item->result]));
		jv_set(one, "accelerated", jv_bool(item->is_accelerated));
		jv_set(one, "milliseconds", jv_uint((unsigned long)(item->seconds * 1000)));
		jv_push(list, one);
	}
	jv_set(o, "platforms", list);
	jv_set(o, "name", jv_text(build->name));
	jv_set(o, "digest", jv_text(*build->digest ? build->digest : NULL));
	jv_set(o, "pushed", jv_bool(build->is_pushed));
	r = jv_write(o, stdout);
	jv_free(o);
	return r;
}

/* Failures are reported again after the table, as the engine's own output is far above it; a signal once, for all. */
static void tell_failures(const struct build *build)
{
	fflush(stdout);
	for (size_t i = 0; i < build->n; i++) {
		struct err e = build->items[i].err;
		auto_err copy = { 0 };

		if (!e.code || e.code == -EINTR)
			continue;
		err_set(&copy, e.code, "%s: %s", build->items[i].text, e.message ? e.message : "failed");
		if (e.hint)
			err_hint(&copy, "%s", e.hint);
		say_error(&copy);
	}
}

static bool has_begun(const struct build *build)
{
	for (size_t i = 0; i < build->n; i++)
		if (build->items[i].result != BUILD_PENDING)
			return true;
	return false;
}

int render_build(const struct build *build, const struct project_view *view, int code, struct err *e)
{
	auto_grid grid = grid_new(columns);
	auto_err why = { 0 };

	if (view->json) {
		if (print_json(build))
			err_sys(&why, -EIO, "cannot write the output");
	} else if (!view->dry_run && (has_begun(build) || !code)) {
		fill(build, &grid);
		grid_print(&grid, &(struct table_view){ 0 }, &why);
		if (*build->digest)
			printf("\n%s%s\n%s\n", build->name, build->is_pushed ? " (pushed)" : "", build->digest);
	}
	tell_failures(build);
	return code || !why.code ? code : err_move(e, &why);
}

void render_build_watch(struct build_request *request, struct project_view *view)
{
	request->show = show;
	request->line = show_line;
	request->note = show_note;
	request->context = view;
}
