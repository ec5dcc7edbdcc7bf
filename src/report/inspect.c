// SPDX-License-Identifier: MIT
/* Inspects a target: a file, a root file system, or the images of a file; and compares with what was expected. */
#include "report/inspect.h"

#include <string.h>

#include "accel/extract.h"
#include "accel/twins.h"
#include "base/crew.h"
#include "base/memory.h"
#include "base/progress.h"
#include "report/expect.h"
#include "rootfs/survey.h"

static void add_tools(struct inspection *ret, size_t i, struct json *document)
{
	while (ret->n_tools <= i) {
		ret->tools = mem_more(ret->tools, ret->n_tools, sizeof(struct json *));
		ret->tools[ret->n_tools++] = NULL;
	}
	ret->tools[i] = document;
}

struct json *inspect_tools(const struct image_report *report, const struct image_facts *facts, const struct view *view)
{
	auto_free struct extract *x = mem_new(1, sizeof(*x));
	struct json *document = NULL;

	*x = (struct extract){ view, report->bundle, facts->image->layers,
		report->model.format != MODEL_DOCKER_ARCHIVE };
	if (!facts->is_incomplete && !extract_want(x, ENTRY_PLACE_ROOT "/" TOOLCHAIN_MANIFEST) && x->n &&
		extract_read(x, NULL) == 1)
		document = twins_read(&(struct tool_root){ extract_open, x });
	extract_done(x);
	return document;
}

static int look_for_tools(struct image_facts *facts, const struct view *view, void *context)
{
	struct inspection *ret = context;

	add_tools(ret, (size_t)(facts - ret->report.facts), inspect_tools(&ret->report, facts, view));
	return 0;
}

const char *inspect_told(const struct json *list, size_t i, const char *key)
{
	const char *text = jv_get_text(jv_at(list, i), key);

	return text ? text : "";
}

void inspect_natives(const struct json *document, struct buf *out)
{
	const struct json *list = jv_get(document, "accelerated");

	for (size_t i = 0; i < jv_count(list); i++)
		if (jv_as_text(jv_at(list, i)))
			buf_addf(out, "%s%s", out->len ? " " : "", jv_as_text(jv_at(list, i)));
}

bool inspect_emulated(const struct json *document, size_t i, struct buf *out)
{
	const struct json *list = jv_get(document, "emulated");
	const char *why = inspect_told(list, i, "why");

	for (size_t k = 0; k < i; k++)
		if (!strcmp(inspect_told(list, k, "why"), why))
			return false;
	for (size_t k = i; k < jv_count(list); k++)
		if (!strcmp(inspect_told(list, k, "why"), why))
			buf_addf(out, "%s ", inspect_told(list, k, "tool"));
	buf_addf(out, "(%s)", why);
	return true;
}

bool inspect_shows(const struct inspection *inspection, size_t i)
{
	const struct image_report *report = &inspection->report;
	const char *reference = inspection->target.name.reference;

	return image_is_named(report->facts[i].image, reference) && !expect_is_repeated(report, reference, i);
}

int inspect_check(const struct inspect_request *request, const struct inspection *inspection, struct err *e)
{
	const struct file_facts *file = &inspection->file;
	const struct content *content = &inspection->content;
	const char *reference = inspection->target.name.reference;
	size_t shown = 0;

	if (inspection->target.kind == TARGET_FILE)
		return expect_platform(
			request->expected, request->target, file->has_platform ? &file->platform : NULL, NULL, e);
	if (inspection->target.kind == TARGET_ROOT)
		return expect_platform(request->expected, request->target,
			content->has_platform ? &content->platform : NULL, &content->tally, e);
	for (size_t i = 0; i < inspection->report.model.n; i++)
		shown += inspect_shows(inspection, i);
	if (!shown && reference)
		return err_set(e, -ENOENT, "%s: contains no image of that name", request->target);
	return expect_images(request->expected, request->target, reference, &inspection->report, e);
}

/* The result for a target, until it is reported. */
struct result {
	struct inspect_request request;
	struct inspection inspection;
	struct err e;
};

struct side {
	const struct inspect_round *round;
	struct result *results;
};

static void look(size_t i, unsigned worker, void *context)
{
	struct side *side = context;
	struct result *result = &side->results[i];
	struct inspection *ret = &result->inspection;
	const char *name = side->round->targets[i];

	(void)worker;
	result->request = side->round->request;
	result->request.target = name;
	ret->target.fd = -1;
	if (result->request.root >= 0) {
		file_look(result->request.root, name, &ret->file, &result->e);
	} else if (target_open(name, &ret->target, &result->e)) {
		return;
	} else if (ret->target.kind == TARGET_FILE) {
		file_look(-1, name, &ret->file, &result->e);
	} else if (ret->target.kind == TARGET_ROOT) {
		add_tools(ret, 0, twins_read(&(struct tool_root){ toolchain_open_beneath, &ret->target.fd }));
		survey_root(ret->target.fd, result->request.counts_all, &ret->content, &ret->skipped, &result->e);
	} else if (image_look(take_fd(&ret->target.fd), &(struct image_visit){ look_for_tools, ret }, &ret->report,
			   &result->e)) {
		err_prefix(&result->e, "%s", name);
	}
}

static void tell(size_t i, void *context)
{
	struct side *side = context;
	struct result *result = &side->results[i];
	struct inspection *inspection = &result->inspection;

	side->round->told(&result->request, inspection, &result->e, side->round->context);
	target_done(&inspection->target);
	file_done(&inspection->file);
	content_done(&inspection->content);
	image_done(&inspection->report);
	for (size_t k = 0; k < inspection->n_tools; k++)
		jv_free(inspection->tools[k]);
	free(inspection->tools);
	err_done(&result->e);
}

void inspect_run(const struct inspect_round *round)
{
	auto_free struct result *results = mem_new(round->n, sizeof(*results));
	struct side side = { round, results };

	if (round->jobs > 1)
		progress_watch(NULL); /* the progress line shows a single stage only */
	crew_run(&(struct crew){ round->jobs, round->n, look, tell, &side });
}
