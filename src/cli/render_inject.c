// SPDX-License-Identifier: MIT
/* Output of inject and eject for each target, as text and JSON. */
#include "cli/render_inject.h"

#include <string.h>

#include "base/str.h"
#include "binfmt/native.h"

/* State of the output of a round. */
struct telling {
	const struct inject_round *round;
	struct json *list; /* NULL: text */
	bool quiet;
	struct name_set said; /* architectures whose missing handler was mentioned */
	struct failures failures;
};

static void tell_outcome(
	const struct telling *t, const char *target, unsigned partition, const struct inject_outcome *outcome)
{
	struct json *o = t->list ? jv_object() : NULL;
	auto_buf twins = { 0 };

	if (o) {
		jv_push(t->list, o);
		jv_set(o, "target", jv_text(target));
		jv_set(o, "partition", partition ? jv_uint(partition) : jv_null());
		jv_set(o, "result", jv_text(outcome->is_native ? "native" : inject_words[outcome->result]));
		jv_set(o, "path", jv_text(outcome->place));
		jv_set(o, "arch", jv_text(outcome->arch ? outcome->arch->qemu : NULL));
		if (outcome->has_tools)
			jv_set(o, "tools", jv_text(inject_words[outcome->tools]));
		if (outcome->twins)
			twins_json(o, outcome->twins);
		return;
	}
	if (t->quiet)
		return;
	if (outcome->is_native) {
		say_line("%s: native (%s): nothing to inject", target, arch_word(outcome->arch));
		return;
	}
	say_line("%s: %s %s", target, inject_words[outcome->result],
		outcome->place ? outcome->place : "the layer of the emulator");
	if (outcome->twins)
		twins_say(&twins, outcome->twins);
	if (outcome->has_tools)
		say_line("%s: %s " ENTRY_PLACE_ROOT "%s%s", target, inject_words[outcome->tools],
			outcome->twins ? ": " : "", buf_text(&twins));
}

static void tell(const char *target, const struct inject_report *report, const struct err *e, void *context)
{
	struct telling *t = context;

	for (size_t i = 0; i < report->n; i++)
		tell_outcome(t, target, report->partition, &report->outcomes[i]);
	for (size_t i = 0; i < report->n_notes && !t->quiet; i++)
		say_note("%s: %s", target, report->notes[i]);
	if (report->nothing && !t->quiet && !t->list)
		say_note("%s: %s", target, report->nothing);
	/* An injected emulator only runs when a handler starts it. */
	for (size_t i = 0; i < report->n && !t->round->options->removes && !t->quiet; i++) {
		const struct arch *arch = report->outcomes[i].is_native ? NULL : report->outcomes[i].arch;

		if (!arch || name_set_has(&t->said, arch))
			continue;
		name_set_add_arch(&t->said, arch);
		if (native_is_refused(arch))
			say_note("no handler starts %s programs on this machine: sudo anyarch register %s",
				arch_word(arch), arch_word(arch));
	}
	if (e->code)
		say_failure(e, &t->failures);
}

int render_injects(struct inject_round *round, bool json, bool quiet)
{
	const char *out = round->options->out;
	auto_json *list = json ? jv_array() : NULL;
	struct telling telling = { round, list, .quiet = quiet || (out && !strcmp(out, "-")) };

	round->told = tell;
	round->context = &telling;
	inject_run(round);
	round->context = NULL;
	if (round->n > 1 && !telling.quiet && !list)
		say_summary(round->n, &telling.failures);
	return json && jv_write(list, stdout) ? EXIT_TROUBLE : telling.failures.status;
}
