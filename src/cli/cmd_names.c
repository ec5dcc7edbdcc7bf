// SPDX-License-Identifier: MIT
/* anyarch names: translate between the naming schemes. */
#include <string.h>

#include "base/str.h"
#include "cli/options.h"
#include "cli/render.h"

const struct column names_columns[] = {
	{ "PLATFORM", "platform", "OCI platform" },
	{ "QEMU", "qemu", "QEMU's name of the architecture" },
	{ "DOCKER", "docker", "prefix of the Docker official images" },
	{ "UNAME", "uname", "uname -m" },
	{ "DEBIAN", "debian", "dpkg's architecture" },
	{ "ALPINE", "alpine", "apk's architecture" },
	{ "GNU", "gnu", "GNU triplet" },
	{ "SYSTEMD", "systemd", "ConditionArchitecture= of systemd units" },
	{ 0 },
};

struct context {
	struct table_view view;
};

static const struct option_spec specs[] = {
	{ OPTION_JSON(struct context, view.json) },
	{ OPTION_COLUMN_LIST(struct context, view) },
	{ OPTION_NOHEADINGS(struct context, view) },
	{ OPTION_OUTPUT_COLUMNS(struct context, view) },
	{ 0 },
};

static void add_row(struct grid *grid, const struct platform *p)
{
	struct name_words w = name_words(p);

	grid_row(grid, (const char *[]){ p->arch->oci ? name_text(p).text : NULL, p->arch->qemu, w.docker, w.uname,
			       w.debian, w.alpine, w.gnu, w.systemd });
}

static void add_all(struct grid *grid)
{
	static const char *const arm[] = { "v5", "v6" };

	for (const struct arch *a = NULL; (a = arch_next(a));) {
		struct platform p = { .arch = a };

		for (size_t i = 0; !strcmp(a->qemu, "arm") && i < ARRAY_SIZE(arm); i++) {
			snprintf(p.variant, sizeof(p.variant), "%s", arm[i]);
			add_row(grid, &p);
		}
		snprintf(p.variant, sizeof(p.variant), "%s", a->variant ? a->variant : "");
		add_row(grid, &p);
	}
}

static int run(void *context, int n, char **words, struct err *e)
{
	auto_grid grid = grid_new(names_columns);
	const struct context *c = context;

	for (int i = 0; i < n; i++) {
		const char *list = words[i], *item;
		size_t len;

		while (str_next_item(&list, &item, &len)) {
			struct platform p;

			if (len == 3 && !strncmp(item, "all", 3))
				add_all(&grid);
			else if (name_parse(item, len, &p, e))
				return e->code;
			else
				add_row(&grid, &p);
		}
	}
	if (!n)
		add_all(&grid);
	return c->view.json ? print_json(grid_json(&grid, c->view.columns)) : grid_print(&grid, &c->view, e);
}

const struct command cmd_names = {
	"names",
	"[OPTION...] [NAME...]",
	"translate platform names between OCI, Docker, QEMU, uname, Debian, Alpine and GNU",
	run,
	specs,
	sizeof(struct context),
	names_columns,
	.examples = "  anyarch names armhf\n"
		    "  arch=$(anyarch names --noheadings --columns DEBIAN linux/arm64)\n",
};
