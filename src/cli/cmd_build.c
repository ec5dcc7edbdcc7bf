// SPDX-License-Identifier: MIT
/* anyarch build: build a project's images for all its platforms, and one name for them. */
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/render_build.h"
#include "project/build.h"

struct context {
	struct project_view view;
	struct build_request request;
};

static int set_engine(void *context, const char *argument, struct err *e)
{
	((struct context *)context)->request.engine = argument;
	return engine_check("--engine", argument, e);
}

static int set_builder(void *context, const char *argument, struct err *e)
{
	return builders_add(&((struct context *)context)->request.builders, argument, e);
}

static bool is_option(const char *argument)
{
	return *argument == '-';
}

static const struct option_spec specs[] = {
	{ 0, "platform", "PLATFORM,...", "build only these of TARGET_ARCHES (repeatable)",
		SELECT(struct context, request.selected) },
	{ 0, "engine", "ENGINE", "container engine to build with (default: ENGINE of build.config)",
		OTHER(set_engine) },
	{ 0, "builder", "PLATFORM=WHERE,...", "build PLATFORM on the engine at WHERE (repeatable)",
		OTHER(set_builder) },
	{ 0, "builder-fallback", NULL, "build on this machine if a builder does not answer",
		SWITCH(struct context, request.has_fallback) },
	{ 0, "engine-option", "OPTION", "pass OPTION to the engine's build, as --build-arg=A=B (repeatable)",
		LIST(struct context, request.options, request.n_options), .is_valid = is_option },
	{ 'j', "jobs", "NUMBER", "build up to NUMBER platforms in parallel on each engine (default: 1)",
		NUMBER(struct context, request.jobs, PLATFORMS_MAX) },
	{ 'o', "output", "FILE", "write one OCI archive of all platforms", TEXT(struct context, request.out),
		.is_valid = option_is_given },
	{ 0, "accelerate", NULL, "build with native compilers; the images keep no trace of them",
		SWITCH(struct context, request.accelerate) },
	{ 0, "toolchain", "ROOT|IMAGE", "use the tools of a root file system or image for this machine",
		TEXT(struct context, request.toolchain) },
	{ 0, "push", NULL, "push each platform, then the names for all", SWITCH(struct context, request.push) },
	{ 0, "insecure", NULL, "allow plain HTTP or an untrusted certificate",
		SWITCH(struct context, request.insecure) },
	{ 0, "no-verify", NULL, "do not check that foreign programs run on this machine",
		SWITCH(struct context, request.no_check) },
	{ OPTION_DRY_RUN(struct context, request.dry_run) },
	{ OPTION_JSON(struct context, view.json) },
	{ 'q', "quiet", NULL, "do not show the commands", SWITCH(struct context, view.quiet) },
	{ 0 },
};

static int run(void *context, int n, char **words, struct err *e)
{
	struct context *c = context;
	const char *config = getenv("DOCKER_CONFIG"), *home = getenv("HOME"), *host = getenv("DOCKER_HOST");
	auto_free char *usual_config = home && *home ? mem_print("%s/.docker", home) : NULL;
	auto_free struct build *built = mem_new(1, sizeof(*built));
	auto_fd dir = -1;
	int r;

	signal(SIGPIPE, SIG_IGN); /* a closed pipe must not prevent removal of temporary files */
	c->view.dir = n ? words[0] : ".";
	r = dir = project_open(c->view.dir, e);
	c->view.dry_run = c->request.dry_run;
	c->request.dir = dir;
	c->request.path = c->view.dir;
	/* A remote engine uses the handlers of its own machine. */
	c->request.is_remote = host && *host && !str_starts(host, "unix:");
	c->request.quiet = c->view.quiet;
	c->request.docker_config = config && *config ? config : usual_config;
	render_build_watch(&c->request, &c->view);
	if (dir >= 0)
		r = build_run(&c->request, built, e);
	r = render_build(built, &c->view, r, e);
	build_done(built);
	return r;
}

static void done(void *context)
{
	builders_done(&((struct context *)context)->request.builders);
}

const struct command cmd_build = {
	"build",
	"[OPTION...] [DIR]",
	"build the images of a project for all its platforms",
	run,
	specs,
	sizeof(struct context),
	.done = done,
	.most_words = 1,
	.examples = "  anyarch build --dry-run --builder arm32v7=ssh://pi@raspberry app\n"
		    "  anyarch build --jobs 3 --output app.tar app\n"
		    "  anyarch build --push app\n",
};
