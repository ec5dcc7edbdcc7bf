// SPDX-License-Identifier: MIT
/* anyarch toolchain: gather the native tools for a platform from the cross packages of this machine. */
#include <string.h>

#include "accel/toolchain.h"
#include "base/memory.h"
#include "base/stop.h"
#include "cli/options.h"
#include "cli/render.h"

static const struct column columns[] = {
	{ "TOOL", "tool", "name of the tool" },
	{ "VERSION", "version", "upstream version" },
	{ "PACKAGE", "package", "package version that the tool reports" },
	{ "TARGET", "target", "GNU triplet that it compiles for" },
	{ "STANDS-FOR", "stands_for", "program of the root that it runs instead of" },
	{ 0 },
};

struct context {
	const char *out;
	bool dry_run;
	struct table_view view;
};

static const struct option_spec specs[] = {
	{ 'o', "output", "DIR", "write the tools with their libraries to DIR", TEXT(struct context, out) },
	{ OPTION_DRY_RUN(struct context, dry_run) },
	{ OPTION_JSON(struct context, view.json) },
	{ OPTION_COLUMN_LIST(struct context, view) },
	{ OPTION_NOHEADINGS(struct context, view) },
	{ OPTION_QUIET(struct context, view.quiet) },
	{ 0 },
};

static int run(void *context, int n, char **words, struct err *e)
{
	const struct context *c = context;
	const char *name = words[0];
	auto_free struct toolchain *t = mem_new(1, sizeof(*t));
	struct platform platform = { 0 };
	auto_grid grid = grid_new(columns);
	int r = name_parse(name, strlen(name), &platform, e);

	(void)n;
	stop_catch();
	if (r)
		return r;
	if (platform.arch == arch_host())
		return err_set(e, -EINVAL, "%s: this machine compiles for it natively", name);
	r = toolchain_gather_dir(
		"/", &(struct toolchain_request){ .platform = &platform, .only_compilers = true }, t, e);
	if (r)
		return r;
	r = c->out && !c->dry_run ? toolchain_write(t, c->out, e) : c->view.json ? toolchain_digest(t, e) : 0;
	if (!r && c->view.json) {
		auto_json *o = toolchain_manifest(t, NULL);

		r = jv_write(o, stdout);
	}
	for (size_t i = 0; !r && !c->view.json && i < t->n_tools; i++) {
		const struct toolchain_tool *tool = &t->tools[i];
		auto_buf twin = { 0 };

		toolchain_stands_for(t, tool, &twin);
		grid_row(&grid,
			(const char *[]){ tool->kind->name, *tool->identity.version ? tool->identity.version : NULL,
				*tool->identity.package ? tool->identity.package : NULL,
				tool_compiles(tool->kind) ? t->triplet : NULL, buf_text(&twin) });
	}
	if (!r && !c->view.json && !c->view.quiet)
		r = grid_print(&grid, &c->view, e);
	for (char *p; t->missing.len && (p = strchr(t->missing.data, '\n'));)
		*p = ' ';
	if (!r && !c->view.quiet && t->missing.len)
		say_note(
			"more tools are in packages that are not installed: apt-get install --no-install-recommends %s",
			buf_text(&t->missing));
	toolchain_done(t);
	return r;
}

const struct command cmd_toolchain = {
	"toolchain",
	"[OPTION...] PLATFORM",
	"gather native compilers for a platform from the cross packages of this machine",
	run,
	specs,
	sizeof(struct context),
	columns,
	.least_words = 1,
	.most_words = 1,
	.examples = "  anyarch toolchain armhf\n"
		    "  anyarch toolchain --output tools armhf\n",
};
