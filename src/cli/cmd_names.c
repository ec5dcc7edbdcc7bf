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
	auto_buf platform = { 0 };

	if (p->arch->oci)
		name_platform(&platform, p->arch, p->variant);
	grid_row(grid, (const char *[]){ buf_text(&platform), p->arch->qemu, w.docker, w.uname, w.debian, w.alpine,
			       w.gnu, w.systemd });
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

static int run(int argc, char **argv)
{
	auto_grid grid = grid_new(names_columns);
	struct context c = { 0 };
	auto_err e = { 0 };
	int status, first = options_parse(&cmd_names, argc, argv, &c, &status);

	if (first < 0)
		return status;
	for (int i = first; i < argc; i++) {
		const char *list = argv[i], *item;
		size_t len;

		while (str_next_item(&list, &item, &len)) {
			struct platform p;

			if (len == 3 && !strncmp(item, "all", 3))
				add_all(&grid);
			else if (name_parse(item, len, &p, &e))
				return exit_with(&e);
			else
				add_row(&grid, &p);
		}
	}
	if (first == argc)
		add_all(&grid);
	if (c.view.json)
		return print_json(grid_json(&grid, c.view.columns));
	return grid_print(&grid, &c.view, &e) ? exit_with(&e) : EXIT_DONE;
}

const struct command cmd_names = {
	"names",
	"[OPTION...] [NAME...]",
	"translate platform names between OCI, Docker, QEMU, uname, Debian, Alpine and GNU",
	run,
	specs,
	names_columns,
	.examples = "  anyarch names armhf\n"
		    "  arch=$(anyarch names --noheadings --columns DEBIAN linux/arm64)\n",
};
