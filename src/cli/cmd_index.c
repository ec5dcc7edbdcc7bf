// SPDX-License-Identifier: MIT
/* anyarch index: one image for several platforms, which are what the files of each say. */
#include <string.h>

#include "base/stop.h"
#include "base/str.h"
#include "cli/cli.h"
#include "image/image_name.h"
#include "image/index.h"
#include "image/reference.h"

enum { OPT_TAG = OPT_FIRST, OPT_ANNOTATE, OPT_TRUST_LABEL };

static const struct option_spec specs[] = {
	{ OPT_TAG, "tag", "NAME", "what it is called; all names are one digest (repeatable)" },
	{ OPT_ANNOTATE, "annotate", "KEY=VALUE", "an annotation of the index (repeatable)" },
	{ OPT_TRUST_LABEL, "trust-label", NULL, "where label and files disagree, the label counts" },
	{ 0 },
};

struct context {
	struct index_request request;
	const char *tags[INDEX_WORDS_MAX], *annotations[INDEX_WORDS_MAX];
};

static int set(void *context, int id, const char *argument, struct err *e)
{
	struct context *c = context;

	switch (id) {
	case OPT_TAG:
		if (c->request.n_tags == INDEX_WORDS_MAX || !reference_is_ref_name(argument))
			return err_set(e, -EINVAL, "--tag wants NAME:TAG or TAG, not '%s'", argument);
		c->tags[c->request.n_tags++] = argument;
		return 0;
	case OPT_ANNOTATE:
		if (c->request.n_annotations == INDEX_WORDS_MAX || !strchr(argument, '=') || *argument == '=')
			return err_set(e, -EINVAL, "--annotate wants KEY=VALUE, not '%s'", argument);
		c->annotations[c->request.n_annotations++] = argument;
		return 0;
	default:
		c->request.trust_label = true;
		return 0;
	}
}

static void tell(const struct index_result *result)
{
	for (size_t i = 0; i < result->n; i++) {
		const struct index_row *row = &result->rows[i];
		auto_buf safe = { 0 };

		str_escape(&safe, row->from, strlen(row->from));
		printf("linux/%s%s%s: %s\n", row->architecture, *row->variant ? "/" : "", row->variant,
			buf_text(&safe));
	}
}

static int make(struct index_request *request, int n, char **words, struct err *e)
{
	struct index_result result;
	int r;

	if (n < 2 || n - 1 > INDEX_INPUTS_MAX || !*str_basename(words[0]) || !strcmp(words[0], "-") ||
		str_starts(words[0], "docker-archive:"))
		return err_set(e, -EINVAL, "index: to which file, and which images?");
	request->to = words[0];
	request->from = (const char *const *)words + 1;
	request->n = (size_t)n - 1;
	r = index_make(request, &result, e);
	if (!r)
		tell(&result);
	index_result_done(&result);
	return r;
}

static int run(int argc, char **argv)
{
	const struct option_set set_of = { &cmd_index, set };
	struct context c = { .request = { .tags = c.tags, .annotations = c.annotations, .tmpdir = image_tmpdir() } };
	auto_err e = { 0 };
	int status, first = options_parse(&set_of, argc, argv, &c, &status);

	if (first < 0)
		return status;
	stop_catch();
	return make(&c.request, argc - first, argv + first, &e) ? exit_with(&e) : EXIT_DONE;
}

const struct command cmd_index = {
	"index",
	"[OPTION...] OUT IMAGE...",
	"make one image for several platforms",
	run,
	specs,
};
