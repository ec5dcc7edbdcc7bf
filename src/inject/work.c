// SPDX-License-Identifier: MIT
/* A run over targets: whether each is a root file system or an image, and the report of what became of it. */
#include "inject/inject.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
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

static int work(struct inject_target *target, struct err *e)
{
	int r = stop_check(e);

	target->inject->toolchains.dir = target->options->toolchain;
	target->inject->toolchains.needs_digests = true;
	if (!r)
		r = inject_is_image(target) ? inject_image(target, e) : inject_root(target, e);
	return r;
}

int inject_put(struct inject *inject, const char *target, struct inject_report *ret, struct err *e)
{
	return work(&(struct inject_target){ inject, inject->options, target, false, ret }, e);
}

int inject_remove(struct inject *inject, const char *target, struct inject_report *ret, struct err *e)
{
	return work(&(struct inject_target){ inject, inject->options, target, true, ret }, e);
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
