// SPDX-License-Identifier: MIT
/* anyarch build: a project's images for all its platforms, and one name for them. */
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/project.h"
#include "image/image_name.h"
#include "project/build.h"

static const struct column columns[] = {
	{ "PLATFORM", "platform", "what it is for", COLUMN_TEXT, false },
	{ "IMAGE", "image", "what it is called", COLUMN_TEXT, false },
	{ "RESULT", "result", "what became of it", COLUMN_TEXT, false },
	{ "SECONDS", "seconds", "how long that took", COLUMN_TEXT, false },
	{ 0 },
};

struct context {
	struct project_view view;
	struct build_request request;
};

static int add_platform(void *context, const char *argument, struct err *e)
{
	struct context *c = context;

	return strcmp(argument, "all") ? platforms_add(&c->request.selected, argument, e) : 0;
}

static int set_engine(void *context, const char *argument, struct err *e)
{
	((struct context *)context)->request.engine = argument;
	return engine_check("--engine", argument, e);
}

static bool is_option(const char *argument)
{
	return *argument == '-';
}

static bool is_file(const char *argument)
{
	return *argument;
}

static const struct option_spec specs[] = {
	{ 0, "platform", "PLATFORM,...", "only for these of TARGET_ARCHES (repeatable)", OTHER(add_platform) },
	{ 0, "engine", "ENGINE", "container engine to build with (default: ENGINE of build.config)",
		OTHER(set_engine) },
	{ 0, "engine-option", "OPTION", "hand this to its build, as --build-arg=A=B (repeatable)",
		LIST(struct context, request.options, request.n_options), .is_valid = is_option },
	{ 'j', "jobs", "NUMBER", "build so many platforms at once (default: 1)",
		NUMBER(struct context, request.jobs, PLATFORMS_MAX) },
	{ 'o', "output", "FILE", "write one OCI archive of all platforms", TEXT(struct context, request.out),
		.is_valid = is_file },
	{ 0, "accelerate", NULL, "native compilers while it is built; the images have no trace of them",
		SWITCH(struct context, request.accelerate) },
	{ 0, "toolchain", "DIR", "take them from there, as anyarch toolchain has made it",
		TEXT(struct context, request.toolchain) },
	{ 0, "push", NULL, "push every platform, then the names for all", SWITCH(struct context, request.push) },
	{ 0, "insecure", NULL, "the registry speaks plain HTTP, or nobody knows its certificate",
		SWITCH(struct context, request.insecure) },
	{ 0, "no-verify", NULL, "do not ask whether programs of the platforms run here",
		SWITCH(struct context, request.no_check) },
	{ OPTION_DRY_RUN(struct context, request.dry_run) },
	{ OPTION_JSON(struct context, view.json) },
	{ 'q', "quiet", NULL, "do not show the commands", SWITCH(struct context, view.quiet) },
	{ 0 },
};

/* On standard error, where the engine talks as well; alone on standard output when nothing else happens. */
static void show(const struct child *command, void *context)
{
	const struct context *c = context;
	auto_buf text = { 0 }, safe = { 0 };

	if (c->view.quiet)
		return;
	child_text(command, &text);
	str_escape(&safe, buf_text(&text), text.len);
	if (c->request.dry_run && !c->view.json)
		printf("%s\n", buf_text(&safe));
	else
		fprintf(stderr, "+ %s\n", buf_text(&safe));
}

/* In one piece, as others may be writing, too. */
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

/* What failed is told again behind the table: the engine's own words are far above it. A signal is told once, for all.
 */
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

static int tell(const struct context *c, const struct build *build, struct err *e)
{
	auto_grid grid = grid_new(columns);

	if (c->view.json)
		return print_json(build);
	if (c->request.dry_run)
		return 0;
	fill(build, &grid);
	if (grid_print(&grid, &(struct table_view){ 0 }, e))
		return e->code;
	if (*build->digest)
		printf("\n%s%s\n%s\n", build->name, build->is_pushed ? " (pushed)" : "", build->digest);
	return 0;
}

/* An engine elsewhere has another machine's handlers. */
static bool is_remote(void)
{
	const char *host = getenv("DOCKER_HOST");

	return host && *host && !str_starts(host, "unix:");
}

/* Of Docker's client. own: owned by the caller. */
static const char *config_dir(char **own)
{
	const char *named = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

	if (named && *named)
		return named;
	return home && *home && asprintf(own, "%s/.docker", home) >= 0 ? *own : NULL;
}

/* Before there is nothing to tell but the error. */
static bool has_begun(const struct build *build)
{
	for (size_t i = 0; i < build->n; i++)
		if (build->items[i].result != BUILD_PENDING)
			return true;
	return false;
}

/* This program, as it can be started again. */
static const char *own_program(char ret[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	ret[len > 0 ? len : 0] = '\0';
	return len > 0 ? ret : "anyarch";
}

static int build(struct context *c, struct err *e)
{
	char program[PATH_MAX];
	auto_free char *own_config = NULL;
	auto_fd dir = project_open(c->view.dir, e);
	struct build *built = mem_new(1, sizeof(*built));
	auto_err telling = { 0 };
	int r = dir < 0 ? dir : built ? 0 : err_sys(e, -ENOMEM, "build");

	c->request.dir = dir;
	c->request.path = c->view.dir;
	c->request.program = own_program(program);
	c->request.tmpdir = image_tmpdir();
	c->request.is_remote = is_remote();
	c->request.quiet = c->view.quiet;
	c->request.show = show;
	c->request.line = show_line;
	c->request.note = show_note;
	c->request.docker_config = config_dir(&own_config);
	c->request.context = c;
	if (!r)
		r = build_run(&c->request, built, e);
	if (built && (c->view.json || has_begun(built) || !r) && tell(c, built, &telling))
		r = r ? r : err_move(e, &telling);
	if (built)
		tell_failures(built);
	if (built)
		build_done(built);
	free(built);
	return r;
}

static int run(int argc, char **argv)
{
	auto_free struct context *c = mem_new(1, sizeof(*c));
	auto_err e = { 0 };
	int status, first = c ? options_parse(&cmd_build, argc, argv, c, &status) : -1;

	if (!c)
		return EXIT_TROUBLE;
	if (first < 0)
		return status;
	stop_catch();
	signal(SIGPIPE, SIG_IGN); /* whoever reads what is told may go away: what is begun is still put away */
	if (project_dir(&cmd_build, argc - first, argv + first, &c->view, &e) || build(c, &e))
		return exit_with(&e);
	return EXIT_DONE;
}

const struct command cmd_build = {
	"build",
	"[OPTION...] [DIR]",
	"build the images of a project for all its platforms",
	run,
	specs,
};
