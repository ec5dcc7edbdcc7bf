// SPDX-License-Identifier: MIT
/* Handlers inherited from an ancestor user namespace, which a new table would hide: keeps them, or refuses. */
#include "binfmt/inherit.h"

#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "binfmt/exec.h"
#include "binfmt/pin.h"

struct finding {
	struct exec_job jobs[2 * ARCH_COUNT_MAX];
	const struct arch *arch[2 * ARCH_COUNT_MAX];
	size_t match[2 * ARCH_COUNT_MAX], n;
	struct buf lost; /* names of handlers that cannot be kept */
};

static void add_lost(struct finding *f, const char *name)
{
	buf_addf(&f->lost, "%s%s", f->lost.len ? ", " : "", name);
}

/* A fixed handler can be registered again if its interpreter's path is the same file here. */
static bool can_register(const struct rule *rule, const struct exec_job *serving)
{
	auto_fd fd = -1;

	if (!(rule->flags & RULE_FIXED))
		return true;
	fd = fd_open_regular(AT_FDCWD, rule->interpreter, 0);
	return fd >= 0 && !access(rule->interpreter, X_OK) &&
	       (!serving || (serving->exe >= 0 && fd_same_content(serving->exe, fd) == 1));
}

/* Index of the probe program that entry matches and runs; f->n if it matches none, or another entry runs it. */
static size_t served_by(
	const struct finding *f, const struct table *table, const struct table_entry *entry, bool *ret_matches)
{
	*ret_matches = false;
	for (size_t i = 0; i < f->n; i++) {
		const struct exec_job *job = &f->jobs[i];

		if (!rule_matches(&entry->rule, job->probe.data, job->probe.size))
			continue;
		*ret_matches = true;
		if (job->taker == EXEC_HANDLER && table_match(table, job->probe.data, job->probe.size) == entry)
			return i;
	}
	return f->n;
}

static bool is_registered(const struct register_report *report, const struct arch *arch, size_t match)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->items[i].arch == arch && report->items[i].match == match &&
			report->items[i].result == REGISTER_PENDING)
			return true;
	return false;
}

/*
 * Keeps in table the working entries that can be registered here; adds the other working ones to f->lost, except those
 * that the report registers anyway.
 */
static void keep_entries(struct finding *f, const struct register_report *report, struct table *table)
{
	auto_free bool *keeps = mem_new(table->n + 1, sizeof(*keeps));
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		const struct table_entry *entry = &table->entries[i];
		bool matches;
		size_t at = served_by(f, table, entry, &matches);
		bool serves = at < f->n, works = entry->rule.is_enabled && !entry->is_odd && (serves || !matches);

		keeps[i] = works && can_register(&entry->rule, serves ? &f->jobs[at] : NULL);
		if (works && !keeps[i] && !(serves && is_registered(report, f->arch[at], f->match[at])))
			add_lost(f, entry->rule.name);
	}
	for (size_t i = 0; i < table->n; i++)
		if (keeps[i])
			table->entries[n++] = table->entries[i];
		else
			rule_done(&table->entries[i].rule);
	table->n = n;
}

static void find_takers(struct finding *ret)
{
	*ret = (struct finding){ .n = 0 };
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++, ret->n++) {
			ret->arch[ret->n] = a;
			ret->match[ret->n] = m;
			ret->jobs[ret->n] = exec_probe(a, m);
		}
}

int inherit_find(const struct surroundings *around, const char *mount_at, const struct register_report *report,
	struct table *ret, struct err *e)
{
	auto_instance instance = INSTANCE_INIT;
	auto_free char *path = NULL;
	struct finding f;
	bool is_own = false;
	int r;

	if (around->is_initial_userns)
		return 0;
	if (instance_find(mount_at, &path) == INSTANCE_VISIBLE && !instance_open_read(path, &instance, NULL) &&
		instance_is_own(&instance))
		return 0;
	find_takers(&f);
	r = exec_trace(f.jobs, f.n, e);
	for (size_t i = 0; !r && !is_own && i < f.n; i++)
		is_own = pin_is_ours(f.jobs[i].exe);
	if (!r && !is_own && instance.dir >= 0 && !table_load(&instance, ret, NULL))
		keep_entries(&f, report, ret);
	else
		for (size_t i = 0; !r && !is_own && i < f.n; i++)
			if (f.jobs[i].taker == EXEC_HANDLER && !is_registered(report, f.arch[i], f.match[i]))
				add_lost(&f, f.arch[i]->match[f.match[i]].handler);
	if (!r && f.lost.len) {
		err_set(e, -EOPNOTSUPP,
			"a table of this user namespace would hide handlers that it inherits and that cannot be "
			"registered here: %s",
			buf_text(&f.lost));
		r = err_hint(e, "register on the machine itself, or in one run with emulators for all of them");
	}
	exec_close(f.jobs, f.n);
	buf_done(&f.lost);
	return r;
}

enum inherit_source inherit_look(void)
{
	enum inherit_source source = INHERIT_NOTHING;
	struct finding f;

	find_takers(&f);
	if (exec_trace(f.jobs, f.n, NULL))
		return INHERIT_UNKNOWN;
	for (size_t i = 0; i < f.n; i++)
		if (pin_is_ours(f.jobs[i].exe))
			source = INHERIT_OWN;
		else if (source == INHERIT_NOTHING &&
			 (f.jobs[i].taker == EXEC_HANDLER || f.jobs[i].taker == EXEC_UNKNOWN))
			source = INHERIT_UNKNOWN;
	exec_close(f.jobs, f.n);
	return source;
}

int inherit_restore(const struct instance *instance, const struct table *inherited, struct err *e)
{
	auto_table now = { 0 };
	int r = inherited->n ? table_load(instance, &now, e) : 0;

	for (size_t i = inherited->n; !r && i--;)
		if (!table_find(&now, inherited->entries[i].rule.name))
			r = table_add(instance, &inherited->entries[i].rule, e);
	return r;
}
