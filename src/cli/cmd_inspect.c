// SPDX-License-Identifier: MIT
/* anyarch inspect: show the platforms of a file, root file system or image. */
#include <string.h>

#include "cli/options.h"
#include "cli/render_inspect.h"

struct context {
	struct platform platform;
	const char *root;
	unsigned jobs;
	bool survey, json, expects;
	size_t n_told;
	struct failures failures;
	struct json *list;
};

static const struct option_spec specs[] = {
	{ 0, "survey", NULL, "count every ELF file by architecture", SWITCH(struct context, survey) },
	{ 0, "expect", "PLATFORM", "exit with 3 unless TARGET is made for PLATFORM",
		PLATFORM(struct context, platform, expects) },
	{ 0, "root", "DIR", "resolve files below DIR, as after chroot", TEXT(struct context, root) },
	{ 'j', "jobs", "NUMBER", "inspect up to NUMBER targets in parallel, one line for each",
		NUMBER(struct context, jobs, JOBS_MAX) },
	{ OPTION_JSON(struct context, json) },
	{ 0 },
};

static void tell(
	const struct inspect_request *request, const struct inspection *inspection, struct err *e, void *context)
{
	struct context *c = context;

	if (c->n_told++ && !c->json && !c->jobs)
		puts("");
	if (!e->code && c->json)
		json_inspection(request->target, inspection, c->list);
	else if (!e->code && c->jobs)
		render_platforms(request->target, inspection);
	else if (!e->code)
		render_inspection(request->target, inspection, c->survey);
	if (!e->code)
		inspect_check(request, inspection, e);
	if (e->code)
		say_failure(e, &c->failures);
}

static int run(void *context, int n, char **targets, struct err *e)
{
	struct context *c = context;
	struct inspect_round round = {
		.targets = targets, .n = (size_t)n, .jobs = c->jobs, .told = tell, .context = c
	};
	auto_fd root = c->root ? target_open_root(c->root, e) : -1;

	if (c->json)
		c->list = jv_array();
	round.request.counts_all = c->survey;
	round.request.expected = c->expects ? &c->platform : NULL;
	round.request.root = root;
	if (c->root && root < 0) {
		c->failures.status = exit_with(e);
	} else {
		inspect_run(&round);
		if (n > 1 && c->jobs && !c->json)
			say_summary(round.n, &c->failures);
	}
	return c->json && print_json(c->list) ? EXIT_TROUBLE : c->failures.status;
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
