// SPDX-License-Identifier: MIT
/* anyarch init: the files that a project begins with. */
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/project.h"
#include "project/init.h"

enum { OPT_JSON = OPT_FIRST, OPT_DRY_RUN };

static const struct option_spec specs[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would be done and write nothing" },
	{ OPT_JSON, "json", NULL, "print the result as JSON" },
	{ 'q', "quiet", NULL, "print errors only" },
	{ 0 },
};

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct project_view *view = context;

	(void)argument;
	(void)e;
	*(id == OPT_DRY_RUN ? &view->dry_run : id == OPT_JSON ? &view->json : &view->quiet) = true;
	return 0;
}

/* What the directory is called, whichever way it was named. */
static char *find_name(const char *dir)
{
	auto_free char *real = realpath(dir, NULL);
	size_t len = strlen(dir);
	auto_free char *typed = NULL;

	if (real)
		return mem_text(str_basename(real));
	while (len && dir[len - 1] == '/')
		len--;
	typed = mem_part(dir, len);
	return typed ? mem_text(str_basename(typed)) : NULL;
}

static int write_all(struct project_view *view, const struct init *init, int dir, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < INIT_FILES; i++) {
		if (!view->dry_run)
			r = stop_check(e) ? -EINTR : init_write(&init->items[i], dir, e);
		if (!r)
			project_tell(view, view->dir, init->items[i].name, init_words[init->items[i].result], NULL);
	}
	return r;
}

/* A directory that is not there is made, and does not stay when nothing could be written into it. */
static int make_and_write(struct project_view *view, const struct init *init, struct err *e)
{
	auto_fd dir = -1;
	int r;

	if (mkdir(view->dir, 0777) < 0)
		return err_sys(e, -errno, "cannot make the directory %s", view->dir);
	dir = project_open(view->dir, e);
	r = dir < 0 ? dir : write_all(view, init, dir, e);
	if (r)
		rmdir(view->dir);
	return r;
}

static bool is_changed(const struct init *init)
{
	for (size_t i = 0; i < INIT_FILES; i++)
		if (init->items[i].result == INIT_CREATED || init->items[i].result == INIT_EXTENDED)
			return true;
	return false;
}

static void tell_next(const struct init *init)
{
	if (!is_changed(init))
		puts("Nothing to do: the project is there.");
	else if (init->is_nameless && init->items[INIT_CONFIG].result == INIT_CREATED)
		puts("Next: say IMAGE_NAME in build.config, which the directory's name cannot be; edit both files, "
		     "then 'anyarch build' there.");
	else
		puts("Next: edit build.config and Dockerfile.cross, then 'anyarch build' there.");
}

static int make(struct project_view *view, struct err *e)
{
	auto_free char *name = find_name(view->dir);
	auto_fd dir = project_open(view->dir, e);
	auto_init init = { 0 };
	bool is_new = dir == -ENOENT && !view->dry_run;
	int r = dir < 0 && dir != -ENOENT ? dir : 0;

	if (r)
		return r;
	err_done(e);
	r = name ? init_plan(dir, name, &init, e) : err_sys(e, -ENOMEM, "%s", view->dir);
	if (!r)
		r = is_new ? make_and_write(view, &init, e) : write_all(view, &init, dir, e);
	if (r)
		return r;
	if (!view->quiet && !view->json && !view->dry_run)
		tell_next(&init);
	return 0;
}

static int run(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_init, set };
	struct project_view view = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &view, &status);

	if (first < 0)
		return status;
	stop_catch();
	if (project_dir(&cmd_init, argc - first, argv + first, &view, &e))
		return exit_with(&e);
	return project_finish(&view, make(&view, &e) ? exit_with(&e) : EXIT_DONE);
}

const struct command cmd_init = {
	"init",
	"[OPTION...] [DIR]",
	"begin a project: one Dockerfile for all platforms",
	run,
	specs,
};
