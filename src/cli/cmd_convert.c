// SPDX-License-Identifier: MIT
/* anyarch convert: images out of whatever they lie in, as docker load and the classic builder take them, or as OCI has
 * them. */
#include <string.h>

#include "base/stop.h"
#include "cli/cli.h"
#include "image/convert.h"
#include "image/image_name.h"
#include "image/reference.h"

enum { OPT_PLATFORM = OPT_FIRST, OPT_TAG, OPT_FIX_LABEL };

static const struct option_spec specs[] = {
	{ OPT_PLATFORM, "platform", "PLATFORM", "of several the one for this, as its files tell" },
	{ OPT_TAG, "tag", "NAME:TAG", "what it is called then (repeatable)" },
	{ OPT_FIX_LABEL, "fix-label", NULL, "make a label that lies say what the files are" },
	{ 0 },
};

struct context {
	struct convert_request request;
	struct platform platform;
	const char *tags[CONVERT_TAGS_MAX];
};

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct context *c = context;

	switch (id) {
	case OPT_PLATFORM:
		c->request.platform = &c->platform;
		return name_parse(argument, strlen(argument), &c->platform, e);
	case OPT_TAG:
		if (c->request.n_tags == CONVERT_TAGS_MAX || !reference_is_loadable(argument))
			return err_set(e, -EINVAL, "--tag wants NAME:TAG, not '%s'", argument);
		c->tags[c->request.n_tags++] = argument;
		return 0;
	default:
		c->request.fix_label = true;
		return 0;
	}
}

static int run(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_convert, set };
	struct context c = { .request = { .tags = c.tags, .tmpdir = image_tmpdir() } };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &c, &status);

	if (first < 0)
		return status;
	if (argc - first != 2) {
		err_set(&e, -EINVAL, "convert: which image, and to which file?");
		return exit_with(&e);
	}
	c.request.from = argv[first];
	c.request.to = argv[first + 1];
	stop_catch();
	return convert(&c.request, &e) ? exit_with(&e) : EXIT_DONE;
}

const struct command cmd_convert = {
	"convert",
	"[OPTION...] IMAGE OUT",
	"convert images between the formats",
	run,
	specs,
};
