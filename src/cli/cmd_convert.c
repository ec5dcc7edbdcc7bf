// SPDX-License-Identifier: MIT
/* anyarch convert: read images in any supported format; write them as docker-archive or OCI. */
#include <string.h>

#include "base/stop.h"
#include "cli/options.h"
#include "image/convert.h"

struct context {
	struct convert_request request;
	struct platform platform;
	bool has_platform;
	const char *tags[CONVERT_TAGS_MAX];
	bool quiet; /* the option itself silences the progress line, which is all that convert prints */
};

static const struct option_spec specs[] = {
	{ 0, "platform", "PLATFORM", "select the image for PLATFORM, judged by its files",
		PLATFORM(struct context, platform, has_platform) },
	{ 0, "tag", "NAME:TAG", "name of the new image (repeatable)", LIST(struct context, tags, request.n_tags),
		.is_valid = reference_is_loadable },
	{ 0, "fix-label", NULL, "correct a wrong platform label to match the files",
		SWITCH(struct context, request.fix_label) },
	{ 0, "force", NULL, "replace OUT if it exists", SWITCH(struct context, request.force) },
	{ OPTION_DRY_RUN(struct context, request.dry_run) },
	{ OPTION_QUIET(struct context, quiet) },
	{ 0 },
};

static int run(void *context, int n, char **words, struct err *e)
{
	struct context *c = context;

	(void)n;
	c->request.tags = c->tags;
	c->request.platform = c->has_platform ? &c->platform : NULL;
	c->request.from = words[0];
	c->request.to = words[1];
	stop_catch();
	return convert(&c->request, e);
}

const struct command cmd_convert = {
	"convert",
	"[OPTION...] IMAGE OUT",
	"convert images between the formats",
	run,
	specs,
	sizeof(struct context),
	.least_words = 2,
	.most_words = 2,
	.examples = "  anyarch convert --platform linux/arm/v7 all.tar base.tar\n"
		    "  docker save me/app | anyarch convert - oci:layout\n",
};
