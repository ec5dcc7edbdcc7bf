// SPDX-License-Identifier: MIT
/* anyarch index: one image for several platforms, determined by the files of each image. */
#include <string.h>

#include "base/stop.h"
#include "base/str.h"
#include "cli/options.h"
#include "image/index.h"

struct context {
	struct index_request request;
	const char *tags[INDEX_WORDS_MAX], *annotations[INDEX_WORDS_MAX];
	bool json, quiet;
};

static const struct option_spec specs[] = {
	{ 'o', "output", "OUT", "write to OUT: FILE, oci-archive:FILE or oci:DIR", TEXT(struct context, request.to) },
	{ 0, "force", NULL, "replace the OUT of --output if it exists", SWITCH(struct context, request.force) },
	{ 0, "tag", "NAME", "name of the image (repeatable)", LIST(struct context, tags, request.n_tags),
		.is_valid = reference_is_ref_name },
	{ 0, "annotate", "KEY=VALUE", "add an annotation to the index (repeatable)",
		LIST(struct context, annotations, request.n_annotations), .is_valid = option_is_assignment },
	{ 0, "trust-label", NULL, "if label and files disagree, use the label",
		SWITCH(struct context, request.trust_label) },
	{ OPTION_DRY_RUN(struct context, request.dry_run) },
	{ OPTION_JSON(struct context, json) },
	{ OPTION_QUIET(struct context, quiet) },
	{ 0 },
};

static int run(void *context, int n, char **words, struct err *e)
{
	struct context *c = context;
	struct index_request *request = &c->request;
	struct index_result result;
	auto_json *list = jv_array();
	int r;

	stop_catch();
	request->tags = c->tags;
	request->annotations = c->annotations;
	/* The older form, OUT IMAGE..., never overwrites: the first word may have been meant as an image. */
	if (!request->to) {
		request->to = n ? words[0] : "";
		request->force = false;
		words++;
		n--;
	}
	if (n < 1 || n > INDEX_INPUTS_MAX || !*str_basename(request->to) || !strcmp(request->to, "-") ||
		str_starts(request->to, "docker-archive:")) {
		err_set(e, -EINVAL, "index: missing OUT or IMAGE");
		return err_hint(e, "anyarch index -o OUT IMAGE...");
	}
	request->from = (const char *const *)words;
	request->n = (size_t)n;
	r = index_make(request, &result, e);
	for (size_t i = 0; !r && i < result.n; i++) {
		const struct index_row *row = &result.rows[i];
		struct json *one = jv_object();

		jv_set(one, "platform", jv_text(row->platform));
		jv_set(one, "from", jv_text(row->from));
		jv_push(list, one);
		if (!c->json && !c->quiet)
			say_line("%s: %s", row->platform, row->from);
	}
	if (!r && c->json && jv_write(list, stdout))
		r = err_set(e, -EIO, "cannot write the output");
	index_result_done(&result);
	return r;
}

const struct command cmd_index = {
	"index",
	"[OPTION...] -o OUT IMAGE...",
	"make one image for several platforms",
	run,
	specs,
	sizeof(struct context),
	.examples = "  anyarch index --tag me/app:1.0 -o both.tar arm.tar arm64.tar\n"
		    "  anyarch index --tag 1.0 -o oci:both arm.tar arm64.tar\n",
};
