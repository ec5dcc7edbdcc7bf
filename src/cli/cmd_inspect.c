// SPDX-License-Identifier: MIT
/* anyarch inspect: what a file, root file system or image is made of. */
#include <string.h>

#include "cli/options.h"
#include "cli/render_inspect.h"

struct context {
	struct platform platform;
	const char *root;
	bool survey, json, expects;
	struct json *list;
};

static const struct option_spec specs[] = {
	{ 0, "survey", NULL, "count every ELF file by architecture", SWITCH(struct context, survey) },
	{ 0, "expect", "PLATFORM", "exit with 3 unless TARGET is made for PLATFORM",
		PLATFORM(struct context, platform, expects) },
	{ 0, "root", "DIR", "resolve files below DIR, as after chroot", TEXT(struct context, root) },
	{ OPTION_JSON(struct context, json) },
	{ 0 },
};

static int inspect(const struct context *c, const struct inspect_request *request, struct err *e)
{
	auto_inspection inspection;
	int r = inspect_look(request, &inspection, e);

	if (r)
		return r;
	if (c->json)
		json_inspection(request->target, &inspection, c->list);
	else
		render_inspection(request->target, &inspection, c->survey);
	return inspect_check(request, &inspection, e);
}

static int inspect_all(const struct context *c, int n, char **targets)
{
	struct inspect_request request = {
		.root = -1, .counts_all = c->survey, .expected = c->expects ? &c->platform : NULL
	};
	auto_fd root = -1;
	int status = EXIT_DONE;
	auto_err e = { 0 };

	if (c->root) {
		request.root = root = target_open_root(c->root, &e);
		if (root < 0)
			return exit_with(&e);
	}
	for (int i = 0; i < n; i++) {
		request.target = targets[i];
		if (i && !c->json)
			puts("");
		if (inspect(c, &request, &e)) {
			int one;

			fflush(stdout);
			one = exit_with(&e);
			status = status ? status : one;
		}
	}
	return status;
}

static int run(void *context, int n, char **targets, struct err *e)
{
	struct context *c = context;
	int status;

	(void)e;
	if (c->json)
		c->list = jv_array();
	status = inspect_all(c, n, targets);
	return c->json && print_json(c->list) ? EXIT_TROUBLE : status;
}

const struct command cmd_inspect = {
	"inspect",
	"[OPTION...] TARGET...",
	"show the architecture and platform of files, root file systems and images",
	run,
	specs,
	sizeof(struct context),
	.least_words = 1,
	.examples = "  anyarch inspect ./hello-arm\n"
		    "  anyarch inspect --expect linux/arm/v7 image.tar\n"
		    "  docker save me/app | anyarch inspect -\n",
};
