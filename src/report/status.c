// SPDX-License-Identifier: MIT
/* What this machine runs, and by which handlers: collected once, without changing anything. */
#include "report/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"
#include "binfmt/exec.h"
#include "binfmt/inherit.h"
#include "binfmt/persist.h"
#include "emulator/stub.h"

const char *const status_words[] = { "native", "emulated", "broken", "shadowed", "disabled", "missing", "foreign",
	"not tested" };

const struct column status_columns[] = {
	{ "PLATFORM", "platform", "OCI platform" },
	{ "ARCH", "arch", "QEMU's name of the architecture" },
	{ "STATE", "state", "native, emulated, broken, not tested, shadowed, disabled, missing or foreign" },
	{ "FIXED", "fixed", "whether it works where the emulator is not", COLUMN_BOOL },
	{ "FLAGS", "flags", "P, O, C and F as the kernel shows them" },
	{ "VERSION", "version", "QEMU version of the emulator" },
	{ "HANDLER", "handler", "name in binfmt_misc" },
	{ "EMULATOR", "emulator", "file of the emulator" },
	{ "VERIFIED", "verified", "whether its test program ran in an empty root", COLUMN_BOOL, true },
	{ "ACCELERATES", "accelerates", "whether native tools of a root may run instead of emulated ones", COLUMN_BOOL,
		true },
	{ "PERSISTS", "persists", "whether a file of binfmt.d brings it back at boot", COLUMN_BOOL, true },
	{ "WHY", "why", "what is wrong", .is_extra = true },
	{ 0 },
};

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

void status_cells(const struct status_row *row, struct status_cells *ret)
{
	const struct rule *rule = row->rule, *entry = rule && rule->interpreter && *rule->interpreter ? rule : NULL;
	bool is_emulated = row->state == STATUS_EMULATED;
	struct buf platform = { 0 };

	if (row->arch && row->arch->oci)
		name_platform(&platform, row->arch, row->arch->variant);
	*ret = (struct status_cells){
		.platform = platform,
		.list = { buf_text(&platform), row->arch ? row->arch->qemu : NULL, status_words[row->state],
			entry ? yes_no(entry->flags & RULE_FIXED) : NULL, ret->flags, row->version,
			rule ? rule->name : NULL, entry ? entry->interpreter : NULL,
			is_emulated ? yes_no(row->is_verified) : NULL,
			is_emulated ? yes_no(row->is_accelerating) : NULL,
			rule && row->arch ? yes_no(row->is_persistent) : NULL, row->why },
	};
	if (rule)
		rule_flags_text(rule->flags, ret->flags);
}

enum { TRIALS_MAX = ARCH_COUNT_MAX + 16 };

/* Traced starts of every architecture's headers, and runs of those that a handler matches. */
struct trials {
	const struct arch *arch[TRIALS_MAX];
	bool is_secondary[TRIALS_MAX]; /* an old machine number: shown only if a handler exists */
	struct exec_job trace[TRIALS_MAX];
	struct exec_job run[TRIALS_MAX];
	bool was_run[TRIALS_MAX];
	bool is_rooted;
	struct err none; /* why no test program could be started */
	size_t n;
};

/* 0, or -EINTR with e set; other errors go to t->none. */
static int try_all(struct trials *t, struct err *e)
{
	struct exec_job jobs[TRIALS_MAX];
	size_t where[TRIALS_MAX] = { 0 }, n = 0;
	int r;

	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++, t->n++) {
			t->arch[t->n] = a;
			t->is_secondary[t->n] = m > 0;
			t->trace[t->n] = (struct exec_job){ .probe = probe_build(a, m, NULL), .exe = -1 };
		}
	r = exec_trace(t->trace, t->n, &t->none);
	for (size_t i = 0; !r && i < t->n; i++)
		if (t->trace[i].taker == EXEC_HANDLER || t->trace[i].taker == EXEC_UNKNOWN) {
			jobs[n] = t->trace[i];
			where[n++] = i;
		}
	if (!r)
		r = arena_run(jobs, n, false, &t->is_rooted, &t->none);
	for (size_t k = 0; !r && k < n; k++) {
		t->run[where[k]] = jobs[k];
		t->was_run[where[k]] = true;
	}
	return r == -EINTR ? err_move(e, &t->none) : 0;
}

static struct status_row *add_row(
	struct status *s, const struct arch *arch, enum status_state state, const struct rule *rule)
{
	struct status_row *row = &s->rows[s->n];

	if (s->n == STATUS_ROWS_MAX)
		return &s->rows[s->n - 1];
	s->n++;
	*row = (struct status_row){ .arch = arch, .state = state, .rule = rule };
	return row;
}

static void read_table(const char *mount_at, bool may_look_inside, struct status *s)
{
	auto_instance instance = INSTANCE_INIT;
	int r = -ENOENT;

	s->instance = instance_find(mount_at, &s->path);
	if (s->instance == INSTANCE_VISIBLE)
		r = instance_open_read(s->path, &instance, NULL);
	else if (s->around.is_initial_userns ? may_look_inside && instance_is_alive() == 1
					     : inherit_look() == INHERIT_OWN)
		r = instance_open_detached(&instance, NULL);
	if (r)
		return;
	s->is_inherited = !s->around.is_initial_userns && !instance_is_own(&instance);
	s->is_readable = !table_load(&instance, &s->table, NULL);
	s->is_off = instance_is_enabled(&instance) == 0;
}

/* Adds the row of an architecture that a handler matches; the probe determined whether it works. */
static void add_handled(struct status *s, const struct trials *t, size_t i, const struct table_entry *serving)
{
	const struct rule *rule = serving ? &serving->rule : NULL;
	struct status_row *row = add_row(s, t->arch[i], STATUS_BROKEN, rule);
	bool is_fixed = !rule || rule->flags & RULE_FIXED;
	char version[EMULATOR_VERSION_MAX];
	auto_fd fd = -1;
	struct stat st;

	if (t->trace[i].exe >= 0)
		emulator_version(t->trace[i].exe, t->arch[i], row->version);
	row->is_accelerating = t->trace[i].exe >= 0 && stub_is_in(t->trace[i].exe);
	if (exec_is_good(&t->run[i])) {
		row->state = STATUS_EMULATED;
		/* Without an empty root: a fixed handler whose emulator needs no other file works in every root. */
		row->is_verified = t->is_rooted ? is_fixed
						: rule && is_fixed && t->trace[i].exe >= 0 &&
							  !emulator_check(t->trace[i].exe, NULL);
		/* It keeps running the file that it was registered with, even after a package upgrade replaces it. */
		if (rule && is_fixed && t->trace[i].exe >= 0)
			fd = fd_open_regular(AT_FDCWD, rule->interpreter, 0);
		if (fd >= 0 && !fstat(t->trace[i].exe, &st) && !st.st_nlink && !fd_same_content(t->trace[i].exe, fd) &&
			emulator_version(fd, t->arch[i], version))
			snprintf(row->why, sizeof(row->why),
				"outdated: %s was replaced (%s) and still runs as it was (%s): register again",
				rule->interpreter, version, row->version);
	} else if (!is_fixed && t->run[i].error == ENOENT) {
		row->state = STATUS_EMULATED;
		snprintf(row->why, sizeof(row->why), "not fixed: fails wherever the emulator is not inside the root");
	} else if (t->is_rooted && t->trace[i].taker == EXEC_HANDLER && t->run[i].error == ENOENT) {
		snprintf(row->why, sizeof(row->why),
			"it fails in other roots, as %s needs files that it does not find there",
			rule ? rule->interpreter : "its emulator");
	} else {
		if (exec_limit_mib()) /* the limit of this process only: others can run such programs */
			row->state = STATUS_UNTESTED;
		exec_explain(&t->run[i], row->why, sizeof(row->why));
	}
	s->is_emulating |= row->state == STATUS_EMULATED;
}

static bool is_native(const struct status *s, const struct trials *t, size_t i, const struct table_entry *serving)
{
	if (t->trace[i].taker != EXEC_UNKNOWN)
		return t->trace[i].taker == EXEC_ITSELF;
	if (t->arch[i] == arch_host())
		return true;
	/* If tracing is not permitted: the probe runs, and no entry matches it. */
	return s->is_readable && !serving && exec_is_good(&t->run[i]);
}

static bool is_taken(const struct trials *t, size_t i)
{
	const struct exec_job *run = &t->run[i];

	if (t->trace[i].taker != EXEC_UNKNOWN)
		return t->trace[i].taker == EXEC_HANDLER && t->was_run[i];
	return t->was_run[i] && (run->taker != EXEC_NOBODY || run->error != ENOEXEC);
}

static void add_arch_rows(struct status *s, const struct trials *t, size_t i, bool is_wanted)
{
	const struct arch *arch = t->arch[i];
	const struct exec_job *trace = &t->trace[i];
	const struct table_entry *serving = table_match(&s->table, trace->probe.data, trace->probe.size);
	size_t before = s->n;

	if (is_native(s, t, i, serving)) {
		if (!t->is_secondary[i])
			add_row(s, arch, STATUS_NATIVE, NULL);
	} else if (t->none.code && serving && !s->is_off) {
		snprintf(add_row(s, arch, STATUS_UNTESTED, &serving->rule)->why, sizeof(s->rows->why), "%s",
			t->none.message);
	} else if (is_taken(t, i)) {
		add_handled(s, t, i, serving);
	} else if (serving && !s->is_off) {
		exec_explain(t->was_run[i] ? &t->run[i] : trace, add_row(s, arch, STATUS_BROKEN, &serving->rule)->why,
			sizeof(s->rows->why));
	}
	for (size_t k = 0; k < s->table.n; k++) {
		const struct table_entry *entry = &s->table.entries[k];

		if (entry->is_odd || (entry == serving && !s->is_off) ||
			!rule_matches(&entry->rule, trace->probe.data, trace->probe.size))
			continue;
		add_row(s, arch, entry->rule.is_enabled && !s->is_off ? STATUS_SHADOWED : STATUS_DISABLED,
			&entry->rule);
	}
	if (s->n != before || !is_wanted || t->is_secondary[i])
		return;
	if (t->none.code && !s->is_readable) /* neither tested nor visible in the table */
		snprintf(add_row(s, arch, STATUS_UNTESTED, NULL)->why, sizeof(s->rows->why), "%s", t->none.message);
	else
		add_row(s, arch, STATUS_MISSING, NULL);
}

int status_collect(
	const char *mount_at, bool may_look_inside, const struct name_set *names, struct status *ret, struct err *e)
{
	auto_free struct trials *t = mem_new(1, sizeof(*t));
	bool is_limited = names->n && !names->is_all, is_restored = !persist_check_reader(NULL, NULL);
	struct name_set usual = { 0 };
	struct persist_rules rules;
	int r;

	name_set_add_usual(&usual);
	*ret = (struct status){ .around = lasting_look() };
	read_table(mount_at, may_look_inside, ret);
	r = try_all(t, e);
	for (size_t i = 0; !r && i < t->n; i++) {
		bool is_shown = is_limited || names->is_all || name_set_has(&usual, t->arch[i]);

		if (!is_limited || name_set_has(names, t->arch[i]))
			add_arch_rows(ret, t, i, is_shown);
	}
	ret->is_untested = t->none.code && !ret->is_readable;
	ret->untested_hint = take_ptr(&t->none.hint);
	for (size_t i = 0; i < t->n; i++)
		cleanup_fd(&t->trace[i].exe);
	err_done(&t->none);
	if (r) {
		status_done(ret);
		return r;
	}
	persist_load(NULL, &rules);
	for (size_t i = 0; is_restored && i < ret->n; i++) /* also without a registered handler */
		ret->rows[i].is_persistent = ret->rows[i].arch && persist_restores(&rules, ret->rows[i].arch);
	persist_done(&rules);
	/* Entries that match none of the known headers. */
	for (size_t k = 0; k < ret->table.n; k++) {
		const struct rule *rule = &ret->table.entries[k].rule;
		bool is_shown = false;

		for (size_t i = 0; i < ret->n; i++)
			is_shown |= ret->rows[i].rule == rule;
		if (!is_shown && !is_limited)
			add_row(ret, NULL, STATUS_FOREIGN, rule);
	}
	return 0;
}

void status_done(struct status *status)
{
	table_done(&status->table);
	free(status->path);
	free(status->untested_hint);
	status->path = status->untested_hint = NULL;
	status->n = 0;
}

struct status_lasting status_lasting(const struct status *s)
{
	if (s->is_inherited)
		return (struct status_lasting){ "inherited",
			"as the user namespace above, from which it is inherited, keeps it" };
	if (!s->around.is_initial_userns)
		return (struct status_lasting){ "user-namespace", "as long as this user namespace" };
	if (s->instance == INSTANCE_VISIBLE && s->around.is_machine)
		return (struct status_lasting){ "mounted", "until reboot, or until it is unmounted" };
	if (s->instance == INSTANCE_VISIBLE)
		return (struct status_lasting){ "unknown", "unknown from inside this mount namespace" };
	if (s->is_emulating)
		return (struct status_lasting){ "elsewhere", "without a mount here: pinned, or mounted elsewhere" };
	if (s->is_untested)
		return (struct status_lasting){ "unknown",
			"unknown: no table is visible, and no program can be tested" };
	return (struct status_lasting){ "nothing", "nowhere: nothing is registered" };
}

bool status_is_unproven(const struct status *s, const struct arch *arch)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].arch == arch &&
			(s->rows[i].state == STATUS_UNTESTED ||
				(s->rows[i].state == STATUS_EMULATED && !s->rows[i].is_verified && !s->rows[i].rule)))
			return !status_works(s, arch);
	return false;
}

bool status_accelerates(const struct status *s, const struct arch *arch)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].arch == arch && (s->rows[i].state == STATUS_NATIVE || s->rows[i].is_accelerating))
			return true;
	return false;
}

bool status_works(const struct status *s, const struct arch *arch)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].arch == arch && (s->rows[i].state == STATUS_NATIVE ||
						       (s->rows[i].state == STATUS_EMULATED && s->rows[i].is_verified)))
			return true;
	return false;
}
