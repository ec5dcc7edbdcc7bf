// SPDX-License-Identifier: MIT
/* anyarch init: create the first files of a project. */
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/project.h"
#include "project/init.h"

struct context {
	struct project_view view;
	const char *from;
};

static const struct option_spec specs[] = {
	{ OPTION_DRY_RUN(struct context, view.dry_run) },
	{ 0, "from", "FILE", "create the template from this Dockerfile", TEXT(struct context, from) },
	{ OPTION_JSON(struct context, view.json) },
	{ OPTION_QUIET(struct context, view.quiet) },
	{ 0 },
};

/* Writes to the directory, or to a new one, which is removed again if a file cannot be written. */
static int make(struct context *c, struct err *e)
{
	struct project_view *view = &c->view;
	/* Resolved, for the directory's own name: it may have been typed as "." or through a link. */
	auto_free char *real = mem_realpath(view->dir), *typed = mem_text(view->dir);
	auto_fd dir = project_open(view->dir, e);
	bool is_new = dir == -ENOENT && !view->dry_run;
	auto_init init = { 0 };
	int r;

	if (dir < 0 && dir != -ENOENT)
		return dir;
	err_done(e);
	for (size_t len = strlen(typed); len && typed[len - 1] == '/'; len--)
		typed[len - 1] = '\0';
	r = init_plan(&(struct init_request){ dir, str_basename(real ? real : typed), c->from }, &init, e);
	stop_catch(); /* nothing to undo before this point */
	if (r)
		return r;
	if (is_new && mkdir(view->dir, 0777) < 0)
		return err_sys(e, -errno, "cannot create the directory %s", view->dir);
	if (is_new)
		dir = project_open(view->dir, e);
	r = is_new && dir < 0 ? dir : 0;
	for (size_t i = 0; !r && i < INIT_FILES; i++)
		r = project_write(view, dir, &init.files[i], NULL, e);
	if (r && is_new)
		rmdir(view->dir);
	if (r || view->quiet || view->json || view->dry_run)
		return r;
	if (init.files[INIT_TEMPLATE].result == FILE_KEPT && init.files[INIT_CONFIG].result == FILE_KEPT)
		puts("Nothing to do: the project exists.");
	else if (init.is_nameless && init.files[INIT_CONFIG].result == FILE_CREATED)
		puts("Next: set IMAGE_NAME in build.config (the directory's name cannot be one), edit both "
		     "files, then run 'anyarch build' there.");
	else
		puts("Next: edit build.config and Dockerfile.cross, then run 'anyarch build' there.");
	return 0;
}

static int run(void *context, int n, char **words, struct err *e)
{
	struct context *c = context;

	c->view.dir = c->view.where = n ? words[0] : ".";
	return project_finish(&c->view, make(c, e) ? exit_with(e) : EXIT_DONE);
}

const struct command cmd_init = {
	"init",
	"[OPTION...] [DIR]",
	"create a project: one Dockerfile for all platforms",
	run,
	specs,
	sizeof(struct context),
	.most_words = 1,
	.examples = "  anyarch init app\n"
		    "  anyarch init --from Dockerfile\n",
};
