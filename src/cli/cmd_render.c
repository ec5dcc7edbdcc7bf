// SPDX-License-Identifier: MIT
/* anyarch render: generate a Dockerfile for each platform of a project. */
#include <string.h>

#include "base/stop.h"
#include "cli/options.h"
#include "cli/project.h"
#include "project/render.h"

struct context {
	struct project_view view;
	struct render_request request;
	const char *out;
	struct platform native;
	bool has_native, force;
};

static const struct option_spec specs[] = {
	{ 0, "platform", "PLATFORM,...", "only these platforms of TARGET_ARCHES (repeatable)",
		SELECT(struct context, request.selected) },
	{ 'o', "output", "DIR", "write to DIR; '-': one platform to standard output", TEXT(struct context, out),
		.is_valid = option_is_given },
	{ 0, "native", "PLATFORM", "platform of the build machine (default: this one)",
		PLATFORM(struct context, native, has_native) },
	{ 0, "force", NULL, "also replace files that anyarch did not generate", SWITCH(struct context, force) },
	{ OPTION_DRY_RUN(struct context, view.dry_run) },
	{ OPTION_JSON(struct context, view.json) },
	{ OPTION_QUIET(struct context, view.quiet) },
	{ 0 },
};

static int render(struct context *c, struct err *e)
{
	auto_fd dir = project_open(c->view.dir, e);
	auto_render render = { 0 };
	auto_fd out = -1;
	int r;

	if (dir < 0)
		return dir;
	c->request.dir = dir;
	r = render_plan(&c->request, &render, e);
	if (r)
		return r;
	if (c->out && !strcmp(c->out, "-")) {
		auto_buf all = { 0 };

		if (render.n != 1) {
			for (size_t i = 0; i < render.n; i++)
				buf_addf(&all, "%s%s", i ? " " : "", platform_word(&render.targets[i].platform).text);
			err_set(e, -EINVAL, "render: standard output takes one platform, not %zu", render.n);
			return err_hint(e, "choose one: --platform=PLATFORM, of %s", buf_text(&all));
		}
		if (!c->view.dry_run)
			fwrite(buf_text(&render.files[0].text), 1, render.files[0].text.len, stdout);
		return 0;
	}
	c->view.where = c->out ? c->out : c->view.dir;
	out = project_open(c->view.where, e);
	r = out < 0 ? out : render_compare(&render, out, c->force, e);
	stop_catch(); /* nothing to undo before this point */
	if (out == -ENOENT)
		return err_hint(e, "--output must be an existing directory, or '-'");
	for (size_t i = 0; !r && i < render.n; i++)
		r = project_write(&c->view, out, &render.files[i], name_text(&render.targets[i].platform).text, e);
	return r;
}

static int run(void *context, int n, char **words, struct err *e)
{
	struct context *c = context;

	c->request.native = c->has_native ? c->native.arch : arch_host();
	c->view.dir = n ? words[0] : ".";
	if (c->view.json && c->out && !strcmp(c->out, "-"))
		return err_set(e, -EINVAL, "render: --json cannot be combined with --output=-");
	return project_finish(&c->view, render(c, e) ? exit_with(e) : EXIT_DONE);
}

const struct command cmd_render = {
	"render",
	"[OPTION...] [DIR]",
	"make a Dockerfile for each platform of a project",
	run,
	specs,
	sizeof(struct context),
	.most_words = 1,
	.examples = "  anyarch render app\n"
		    "  anyarch render --platform arm32v7 --output - app\n",
};
