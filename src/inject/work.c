// SPDX-License-Identifier: MIT
/* A run over targets: processes each as a root file system or an image, and collects its report. */
#include "inject/inject.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/crew.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/str.h"
#include "inject/work.h"

void inject_tell(struct inject_report *report, const struct inject_outcome *outcome)
{
	report->outcomes = mem_grow(report->outcomes, report->n + 1, sizeof(*report->outcomes));
	report->outcomes[report->n++] = *outcome;
}

void inject_note(struct inject_target *target, const char *fmt, ...)
{
	struct inject_report *report = target->report;
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprint(fmt, ap);
	va_end(ap);
	mem_push_text(&report->notes, &report->n_notes, text);
}

int inject_add_base(struct inject_options *options, const char *argument, struct err *e)
{
	char *equals = strchr((char *)(uintptr_t)argument, '=');

	if (!equals || equals == argument || !equals[1])
		return err_set(e, -EINVAL, "invalid --base '%s': expected COPY=NAME", argument);
	if (options->n_bases == INJECT_BASES_MAX)
		return err_set(e, -EINVAL, "more than %d times --base", INJECT_BASES_MAX);
	*equals = '\0';
	options->bases[options->n_bases++] = (struct config_base){ argument, equals + 1 };
	return 0;
}

int inject_set_epoch(struct inject_options *options, const char *text, struct err *e)
{
	unsigned long epoch;

	if (!text || !*text)
		return 0;
	if (str_to_uint(text, INT64_MAX, &epoch))
		return err_set(e, -EINVAL, "invalid SOURCE_DATE_EPOCH '%s': expected seconds since 1970", text);
	options->has_epoch = true;
	options->epoch = (int64_t)epoch;
	return 0;
}

int inject_change(struct inject *inject, const char *name, struct inject_report *ret, struct err *e)
{
	struct inject_target target = { inject, inject->options, name, ret };
	int r = stop_check(e);

	inject->toolchains.set = inject->options->toolchain;
	inject->toolchains.needs_digests = true;
	if (!r)
		r = inject_is_image(&target) ? inject_image(&target, e) : inject_root(&target, e);
	return r;
}

/* The result for one target, until told() is called with it. */
struct result {
	struct inject_report report;
	struct err e;
};

struct side {
	const struct inject_round *round;
	struct inject *injects; /* one for each worker */
	struct result *results;
};

static void work_on(size_t i, unsigned worker, void *context)
{
	struct side *side = context;
	struct result *result = &side->results[i];

	inject_change(&side->injects[worker], side->round->targets[i], &result->report, &result->e);
}

static void tell(size_t i, void *context)
{
	struct side *side = context;
	struct result *result = &side->results[i];

	side->round->told(side->round->targets[i], &result->report, &result->e, side->round->context);
	inject_report_done(&result->report);
	err_done(&result->e);
}

/* Length of a target's name without ":PARTITION". */
static size_t name_of_file(const char *target)
{
	const char *colon = strrchr(target, ':');

	return colon && !colon[1 + strspn(colon + 1, "0123456789")] ? (size_t)(colon - target) : strlen(target);
}

void inject_run(const struct inject_round *round)
{
	auto_free struct result *results = mem_new(round->n, sizeof(*results));
	auto_free struct inject *injects = NULL;
	unsigned jobs = round->jobs ? round->jobs : 1;
	struct side side = { .round = round, .results = results };

	/* A change locks the whole disk image: partitions of one file cannot be processed in parallel. */
	for (size_t i = 0; i < round->n && jobs > 1; i++)
		for (size_t k = 0, len = name_of_file(round->targets[i]); k < i; k++)
			if (name_of_file(round->targets[k]) == len &&
				!strncmp(round->targets[i], round->targets[k], len))
				jobs = 1;
	side.injects = injects = mem_new(jobs, sizeof(*injects));
	for (unsigned k = 0; k < jobs; k++)
		injects[k].options = round->options;
	if (jobs > 1)
		progress_watch(NULL); /* the progress display shows a single stage */
	crew_run(&(struct crew){ jobs, round->n, work_on, tell, &side });
	for (unsigned k = 0; k < jobs; k++)
		inject_done(&injects[k]);
}

void inject_report_done(struct inject_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		free(report->outcomes[i].place);
		free(report->outcomes[i].twins);
	}
	mem_free_texts(report->notes, report->n_notes);
	free(report->outcomes);
	free(report->nothing);
	*report = (struct inject_report){ 0 };
}

void inject_done(struct inject *inject)
{
	for (size_t i = 0; i < inject->n_sources; i++)
		emulator_done(&inject->sources[i].emulator);
	inject->n_sources = 0;
	toolchains_done(&inject->toolchains);
}
