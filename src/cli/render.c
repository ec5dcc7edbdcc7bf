// SPDX-License-Identifier: MIT
/* Renders the results of register and status as text and JSON, both from the same rows. */
#include "cli/render.h"

#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "binfmt/replace.h"
#include "report/emulators.h"

const struct column register_columns[] = {
	{ "PLATFORM", "platform", "OCI platform" },
	{ "ARCH", "arch", "QEMU's name of the architecture", .is_extra = true },
	{ "HANDLER", "handler", "name in binfmt_misc" },
	{ "RESULT", "result", "planned, registered, replaced, unchanged, native, refused or failed" },
	{ "FLAGS", "flags", "P, O, C and F as the kernel shows them" },
	{ "VERSION", "version", "QEMU version of the emulator" },
	{ "EMULATOR", "emulator", "file of the emulator" },
	{ "NOTE", "note", "what was wrong with the previous handler", .is_extra = true },
	{ "ERROR", "error", "why it was refused or failed", .is_extra = true },
	{ "HINT", "hint", "what to do next", .is_extra = true },
	{ 0 },
};

static int print_register_json(
	const struct register_report *report, const struct grid *grid, const struct table_view *view)
{
	struct json *top = jv_object();

	jv_set(top, "handlers", grid_json(grid, view->columns));
	jv_set(top, "changes", jv_uint(report->changes));
	jv_set(top, "lasting", jv_text(lasting_words[report->lasting]));
	jv_set(top, "lasts", jv_bool(report->lasts));
	jv_set(top, "user_namespace_only", jv_bool(report->is_userns_only));
	jv_set(top, "verified_in_empty_root", jv_bool(report->is_rooted));
	return print_json(top);
}

int render_register_errors(const struct register_report *report, const struct register_options *options)
{
	int status = EXIT_DONE;

	/* A user who can change an emulator controls every user's foreign programs. */
	for (size_t i = 0; i < report->n; i++) {
		const struct register_item *item = &report->items[i];
		const char *exposure = item->emulator.fd >= 0 ? emulator_exposure(item->emulator.fd) : NULL;

		if (exposure && !item->match && item->rule.flags & RULE_FIXED && item->result <= REGISTER_UNCHANGED)
			say_warning("%s: %s: anyone who can change it controls all %s programs", item->rule.interpreter,
				exposure, arch_word(item->arch));
	}
	for (size_t i = 0; i < report->n; i++) {
		const struct register_item *item = &report->items[i];
		struct err e = item->err;
		auto_free char *text = NULL;

		if (item->result != REGISTER_REFUSED && item->result != REGISTER_FAILED &&
			(item->result != REGISTER_NATIVE || !item->err.code))
			continue;
		e.message = text = mem_print("%s: %s", item->rule.name ? item->rule.name : arch_word(item->arch),
			e.message ? e.message : "unknown error");
		say_error(&e);
		if (!status)
			status = exit_for(e.code);
	}
	return status && options->names.is_all ? EXIT_TROUBLE : status;
}

int render_lasting(const struct register_report *report, const struct register_options *options, bool quiet)
{
	static const char *const sentences[] = {
		[LASTING_PIN] = "the handlers are pinned: they last until reboot or unregister, without any mount",
		[LASTING_HOST] = "binfmt_misc is mounted on the host: the handlers last until reboot",
		[LASTING_MOUNT] =
			"binfmt_misc stays mounted: the handlers last until reboot (--persist brings them back)",
		[LASTING_AUTO] = "the handlers were not made to last, as requested",
		[LASTING_NO] = "the handlers were not made to last, as requested",
	};
	bool has_success = false, vanishes = !report->lasts && options->lasting != LASTING_NO;

	for (size_t i = 0; i < report->n; i++)
		has_success |= report->items[i].result == REGISTER_DONE ||
			       report->items[i].result == REGISTER_REPLACED ||
			       report->items[i].result == REGISTER_UNCHANGED;
	if (options->dry_run || !has_success)
		return EXIT_DONE;
	if (vanishes || report->not_persistent.code) {
		const struct err *why = vanishes ? &report->not_lasting : &report->not_persistent;
		auto_err e = { 0 };

		err_set(&e, -EIO, "done, but it will not %s: %s", vanishes ? "last" : "come back at boot",
			why->message ? why->message : "unknown reason");
		if (why->hint)
			err_hint(&e, "%s", why->hint);
		say_error(&e);
		return EXIT_NOT_LASTING;
	}
	if (quiet)
		return EXIT_DONE;
	if (!report->changes)
		say_note("nothing to change");
	if (!report->is_userns_only)
		say_note("%s", sentences[report->lasting]);
	else
		say_note("the handlers are valid in this user namespace only%s",
			report->lasting == LASTING_NO ? ", and were not made to last" : "");
	return EXIT_DONE;
}

static bool is_native(const struct register_item *item)
{
	return item->result == REGISTER_NATIVE && !item->err.code;
}

/* Names requested platforms that already run natively, such as arm and arm64 on an ARM machine. */
static void say_native(const struct register_report *report, const struct register_options *options)
{
	auto_buf names = { 0 };
	bool may_force = false;
	size_t n = 0, said = 0;

	for (size_t i = 0; i < report->n; i++)
		n += is_native(&report->items[i]);
	for (size_t i = 0; i < report->n; i++) {
		if (!is_native(&report->items[i]))
			continue;
		said++;
		buf_addf(&names, "%s%s", said == 1 ? "" : said < n ? ", " : " and ", arch_word(report->items[i].arch));
		may_force |= report->items[i].arch != arch_host();
	}
	if (n)
		say_note("nothing to do for %s: this machine runs such programs natively%s", buf_text(&names),
			!options->names.n ? " (to emulate other platforms, name them, such as amd64)"
			: may_force	  ? " (use --force to emulate them anyway)"
					  : "");
}

int render_register(
	const struct register_report *report, const struct register_options *options, const struct table_view *view)
{
	auto_grid grid = grid_new(register_columns);
	auto_err e = { 0 };
	int status, lasting;

	for (size_t i = 0; i < report->n; i++) {
		const struct register_item *item = &report->items[i];
		char flags[RULE_FLAGS_TEXT] = "";
		auto_buf platform = { 0 };

		if (item->arch->oci)
			name_platform(&platform, item->arch, item->arch->variant);
		rule_flags_text(item->rule.flags, flags);
		grid_row(&grid, (const char *[]){ buf_text(&platform), item->arch->qemu, item->rule.name,
					register_words[item->result], flags, item->version, item->rule.interpreter,
					item->note, item->err.message, item->err.hint });
	}
	if (view->verbose && report->passed.len)
		fprintf(stderr, "%s", buf_text(&report->passed));
	if (view->json) {
		if (print_register_json(report, &grid, view))
			return EXIT_TROUBLE;
	} else if (options->dry_run) {
		for (size_t i = 0; i < report->n; i++) {
			auto_buf text = { 0 };

			if (report->items[i].result == REGISTER_PLANNED &&
				!rule_render(&report->items[i].rule, &text, NULL))
				puts(buf_text(&text));
		}
	} else if (!view->quiet && grid_print(&grid, view, &e)) {
		return exit_with(&e);
	}
	fflush(stdout);
	status = render_register_errors(report, options);
	lasting = render_lasting(report, options, view->quiet);
	if (!view->quiet)
		say_native(report, options);
	if (status || report->n)
		return status ? status : lasting;
	if (!search_finds_any(&options->search)) {
		emulators_none(&e);
		return exit_with(&e);
	}
	if (!view->quiet)
		say_note("nothing to do: this machine natively runs the programs of all these emulators");
	return lasting;
}

static void status_rows(struct grid *grid, const struct status *status)
{
	for (size_t i = 0; i < status->n; i++) {
		struct status_cells cells;

		status_cells(&status->rows[i], &cells);
		grid_row(grid, cells.list);
		buf_done(&cells.platform);
	}
}

static struct json *table_json(const struct status *s)
{
	struct json *table = jv_object();

	jv_set(table, "path", jv_text(s->path));
	jv_set(table, "readable", jv_bool(s->is_readable));
	jv_set(table, "enabled", s->is_readable ? jv_bool(!s->is_off) : jv_null());
	jv_set(table, "automount", jv_bool(s->instance == INSTANCE_AUTOMOUNT));
	jv_set(table, "lasts", jv_text(status_lasting(s).word));
	jv_set(table, "user_namespace_only", jv_bool(!s->around.is_initial_userns));
	return table;
}

int render_status(const struct status *status, const struct table_view *view)
{
	auto_grid grid = grid_new(status_columns);
	auto_err e = { 0 };

	status_rows(&grid, status);
	if (view->json) {
		struct json *top = jv_object();

		jv_set(top, "platforms", grid_json(&grid, view->columns));
		jv_set(top, "table", table_json(status));
		return print_json(top);
	}
	if (grid_print(&grid, view, &e))
		return exit_with(&e);
	if (!view->no_headings && !view->columns && status->instance == INSTANCE_AUTOMOUNT)
		printf("\nTable: an automount at %s that has not been triggered yet\n", INSTANCE_USUAL);
	else if (!view->no_headings && !view->columns)
		printf("\nTable: %s%s; lasts %s\n", status->path ? status->path : "not mounted here",
			!status->path	       ? ""
			: !status->is_readable ? " (unreadable)"
			: status->is_off       ? " (switched off)"
					       : "",
			status_lasting(status).text);
	fflush(stdout);
	for (size_t i = 0; i < status->n && !view->quiet; i++)
		if (status->rows[i].is_accelerating)
			say_note("%s: native compilers run where inject --accelerate has put them",
				status->rows[i].arch->qemu);
	for (size_t i = 0; i < status->n && !view->quiet; i++)
		if (*status->rows[i].why)
			say_note("%s: %s",
				status->rows[i].rule ? status->rows[i].rule->name : arch_word(status->rows[i].arch),
				status->rows[i].why);
	return EXIT_DONE;
}

static void push_platform(struct json *list, const struct arch *arch, const char *variant)
{
	struct platform platform = { .arch = arch };

	snprintf(platform.variant, sizeof(platform.variant), "%s", variant ? variant : "");
	jv_push(list, jv_text(name_text(&platform).text));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

#if defined(__x86_64__)
#ifdef __clang__
/* clang 14 does not know the levels by name: test a few features that each level adds. */
#define HAS_V2 (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
#define HAS_V3                                                                                                         \
	(HAS_V2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma"))
#define HAS_V4 (HAS_V3 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
#else
#define HAS_V2 __builtin_cpu_supports("x86-64-v2")
#define HAS_V3 __builtin_cpu_supports("x86-64-v3")
#define HAS_V4 __builtin_cpu_supports("x86-64-v4")
#endif
/* Appends the x86-64 levels above the first that this CPU has, as container platform variants. */
static void push_levels(struct json *list)
{
	__builtin_cpu_init();
	if (HAS_V2)
		push_platform(list, arch_host(), "v2");
	if (HAS_V3)
		push_platform(list, arch_host(), "v3");
	if (HAS_V4)
		push_platform(list, arch_host(), "v4");
}
#else
static void push_levels(struct json *list)
{
	(void)list;
}
#endif

int render_oneshot(const struct status *s)
{
	auto_grid grid = grid_new(status_columns);
	auto_free const char **names = mem_new(s->table.n + 1, sizeof(*names));
	struct json *top = jv_object(), *supported = jv_array(), *emulators;
	size_t n = 0;

	push_platform(supported, arch_host(), arch_host()->variant);
	push_levels(supported);
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		if (a == arch_host() || !a->oci || !status_works(s, a))
			continue;
		push_platform(supported, a, a->variant);
		if (!strcmp(a->qemu, "arm"))
			push_platform(supported, a, "v6");
	}
	for (size_t i = 0; i < s->table.n; i++)
		if (!s->table.entries[i].is_odd && s->table.entries[i].rule.is_enabled)
			names[n++] = s->table.entries[i].rule.name;
	qsort(names, n, sizeof(*names), by_name);
	emulators = n ? jv_array() : jv_null();
	for (size_t i = 0; i < n; i++)
		jv_push(emulators, jv_text(names[i]));
	status_rows(&grid, s);
	jv_set(top, "supported", supported);
	jv_set(top, "emulators", emulators);
	jv_set(top, "platforms", grid_json(&grid, NULL));
	jv_set(top, "table", table_json(s));
	return print_json(top);
}
