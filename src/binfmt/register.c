// SPDX-License-Identifier: MIT
/*
 * Registers handlers in one locked transaction. Phases: plan (nothing is changed), take the lock, compare with the
 * table, test replacements under temporary rules, register, verify through the live handlers, commit or undo, close
 * everything, check once more from outside.
 */
#include "binfmt/register.h"

#include <stdio.h>
#include <string.h>

#include "arch/probe.h"
#include "base/stop.h"
#include "binfmt/inherit.h"
#include "binfmt/lasting.h"
#include "binfmt/persist.h"
#include "binfmt/plan.h"
#include "binfmt/replace.h"
#include "binfmt/table.h"
#include "binfmt/verify.h"

const char *const register_words[] = { "pending", "planned", "registered", "replaced", "unchanged", "native", "refused",
	"failed" };

/* State shared by all phases. */
struct transaction {
	const struct register_options *options;
	struct register_report *report;
	struct surroundings around;
	struct instance instance;
	struct table inherited; /* to be registered again, as the new table hides them */
};

struct selection {
	struct register_item *items[REGISTER_ITEMS_MAX];
	size_t n;
};

typedef bool (*filter)(const struct register_item *item);

static struct selection pick(struct register_report *report, filter wanted)
{
	struct selection s = { .n = 0 };

	for (size_t i = 0; i < report->n; i++)
		if (wanted(&report->items[i]))
			s.items[s.n++] = &report->items[i];
	return s;
}

static bool is_pending(const struct register_item *item)
{
	return item->result == REGISTER_PENDING;
}

static bool is_tried(const struct register_item *item)
{
	return is_pending(item) && item->replaces && item->rule.flags & RULE_FIXED;
}

static bool is_serving(const struct register_item *item)
{
	return item->emulator.fd >= 0 && (item->rule.flags & RULE_FIXED) &&
	       (item->result == REGISTER_DONE || item->result == REGISTER_REPLACED ||
		       item->result == REGISTER_UNCHANGED);
}

static bool is_unseen(const struct register_item *item)
{
	return is_serving(item) && (!item->is_seen || item->result == REGISTER_REPLACED);
}

static bool is_proven(const struct register_item *item)
{
	return is_pending(item) || item->result == REGISTER_UNCHANGED;
}

static void fail(struct register_item *item, int code)
{
	item->result = REGISTER_FAILED;
	if (!item->err.code)
		item->err.code = code;
}

/* Tests emulators under temporary rules that match only the probe programs. */
static int try_aside(struct transaction *t, struct selection *s, struct err *e)
{
	uint8_t nonces[REGISTER_ITEMS_MAX * PROBE_NONCE_LEN];
	char names[REGISTER_ITEMS_MAX][RULE_NAME_MAX + 1];
	size_t tried = 0;
	int r = replace_nonce(nonces, s->n * PROBE_NONCE_LEN, e);

	for (; !r && tried < s->n; tried++) {
		struct register_item *item = s->items[tried];

		r = replace_try(&t->instance, &item->rule, nonces + tried * PROBE_NONCE_LEN, names[tried], e);
		if (r)
			break;
	}
	r = r ? r : verify_items(s->items, s->n, nonces, &t->report->is_rooted, e);
	while (tried)
		table_remove(&t->instance, names[--tried], NULL);
	return r;
}

static int try_replacements(struct transaction *t, const struct table *table, struct err *e)
{
	for (bool again = !t->options->no_verify; again;) {
		struct selection s = pick(t->report, is_tried);
		int r = s.n ? try_aside(t, &s, e) : 0;

		again = false;
		for (size_t i = 0; !r && i < s.n; i++) {
			struct register_item *item = s.items[i];

			if (item->verdict == VERIFY_SHIFTED && item->may_drop_argv0) {
				item->rule.flags &= ~(unsigned)RULE_PRESERVE_ARGV0;
				item->may_drop_argv0 = item->replaces = false;
				err_done(&item->err);
				again = true;
			} else if (item->verdict != VERIFY_GOOD) {
				fail(item, -EBADMSG);
			}
		}
		/* Without P the existing entry may be sufficient. */
		if (again)
			r = plan_against(t->options, table, t->report, e);
		if (r)
			return r;
	}
	return 0;
}

/* Registers one pending item under its own name, or beside the entry that it replaces under a temporary one. */
static void add_item(struct transaction *t, struct register_item *item)
{
	int r;

	if (item->replaces)
		r = replace_begin(&t->instance, &item->rule, item->temporary, &item->err);
	else
		r = table_add(&t->instance, &item->rule, &item->err);
	item->is_temporary = !r && item->replaces;
	item->is_added = !r && !item->replaces;
	if (r)
		fail(item, r);
}

static void take_back(struct transaction *t, struct register_item *item)
{
	if (item->is_temporary)
		table_remove(&t->instance, item->temporary, NULL);
	if (item->is_added)
		table_remove(&t->instance, item->rule.name, NULL);
	item->is_temporary = item->is_added = false;
}

/* Verifies all pending and unchanged handlers; undoes those that fail. *ret_again: some were retried without P. */
static int prove(struct transaction *t, bool *ret_again, struct err *e)
{
	struct selection s = pick(t->report, is_proven);
	int r;

	*ret_again = false;
	r = verify_items(s.items, s.n, NULL, &t->report->is_rooted, e);
	for (size_t i = 0; !r && i < s.n; i++) {
		struct register_item *item = s.items[i];

		if (item->verdict == VERIFY_GOOD)
			continue;
		if (!(item->rule.flags & RULE_FIXED) && t->options->is_unfixed) {
			err_done(&item->err); /* as requested: the emulator is in other roots */
			continue;
		}
		take_back(t, item);
		if (item->verdict == VERIFY_SHIFTED && item->may_drop_argv0 && is_pending(item)) {
			item->rule.flags &= ~(unsigned)RULE_PRESERVE_ARGV0;
			item->may_drop_argv0 = false;
			err_done(&item->err);
			add_item(t, item);
			*ret_again = true;
		} else {
			fail(item, -EBADMSG);
		}
	}
	return r;
}

static int add_and_prove(struct transaction *t, struct err *e)
{
	struct selection s = pick(t->report, is_pending);
	bool again = !t->options->no_verify;
	int r = stop_check(e);

	for (size_t i = 0; !r && i < s.n; i++)
		add_item(t, s.items[i]);
	while (!r && again)
		r = prove(t, &again, e);
	r = r ? r : stop_check(e);
	for (size_t i = 0; r && i < s.n; i++)
		take_back(t, s.items[i]);
	if (r)
		return r;
	/* From here on nothing is undone: each step leaves a working handler. */
	s = pick(t->report, is_pending);
	for (size_t i = 0; i < s.n; i++) {
		struct register_item *item = s.items[i];

		if (item->is_temporary && replace_finish(&t->instance, &item->rule, item->temporary, &item->err)) {
			fail(item, -EIO);
			continue;
		}
		t->report->changes++;
		item->result = item->replaces ? REGISTER_REPLACED : REGISTER_DONE;
		item->is_temporary = item->is_added = false;
	}
	return 0;
}

static int load_swept(struct transaction *t, struct table *table, struct err *e)
{
	unsigned writes = 0;
	int r = table_load(&t->instance, table, e);

	r = r ? r : replace_sweep(&t->instance, table, &writes, e);
	if (r || !writes)
		return r;
	t->report->changes += writes;
	table_done(table);
	return table_load(&t->instance, table, e);
}

static int change_table(struct transaction *t, struct err *e)
{
	const char *at = t->options->mount_at ? t->options->mount_at : INSTANCE_USUAL;
	auto_table table = { 0 }, after = { 0 };
	bool has_leftovers = false;
	int r = instance_lock(&t->instance, e), is_enabled;

	if (r)
		return r;
	is_enabled = instance_is_enabled(&t->instance);
	if (is_enabled < 0)
		return err_sys(e, is_enabled, "cannot read the status of binfmt_misc");
	/* In a disabled table no handler works, so none is registered; enabling it is up to the administrator. */
	if (!is_enabled) {
		err_set(e, -EOPNOTSUPP, "binfmt_misc is switched off as a whole");
		return err_hint(e, "echo 1 | sudo tee %s/status", at);
	}
	r = inherit_restore(&t->instance, &t->inherited, e);
	r = r ? r : load_swept(t, &table, e);
	r = r ? r : plan_against(t->options, &table, t->report, e);
	r = r ? r : lasting_pin(t->options, &t->around, t->report, &t->instance, e);
	r = r ? r : try_replacements(t, &table, e);
	r = r ? r : add_and_prove(t, e);
	/* Temporary names of an interrupted run that still serve can be removed once their handler is back. */
	for (size_t i = 0; i < table.n; i++)
		has_leftovers |= replace_is_temporary(table.entries[i].rule.name, NULL, NULL);
	return r || !has_leftovers ? r : load_swept(t, &after, e);
}

/*
 * All descriptors are closed: handlers that work now work without this process. In place this process held nothing but
 * the new entries, so those already seen working are not checked again.
 */
static int look_from_outside(struct transaction *t, struct err *e)
{
	bool in_place = t->report->lasting == LASTING_MOUNT;
	struct selection s = pick(t->report, in_place ? is_unseen : is_serving);
	bool serves[REGISTER_ITEMS_MAX];
	int r;

	if (!s.n || t->options->no_verify)
		return 0;
	r = verify_serving(s.items, s.n, serves, e);
	for (size_t i = 0; !r && i < s.n; i++)
		if (!serves[i] && t->report->lasts) {
			err_set(&s.items[i]->err, -EIO, "registered, but the kernel does not use it");
			err_hint(&s.items[i]->err, "'anyarch status' shows the cause");
			fail(s.items[i], -EIO);
		}
	return r;
}

static void persist(struct transaction *t)
{
	struct selection s = pick(t->report, is_serving);

	for (size_t i = 0; i < s.n && t->options->persist; i++)
		if (persist_write(t->options->root, &s.items[i]->rule, t->options->replace, &s.items[i]->err))
			fail(s.items[i], s.items[i]->err.code);
	if (s.n && t->options->persist)
		persist_check_reader(t->options->root, &t->report->not_persistent);
}

int register_run(const struct register_options *options, struct register_report *ret, struct err *e)
{
	struct transaction t = { .options = options, .report = ret, .instance = INSTANCE_INIT };
	int r;

	*ret = (struct register_report){ .is_rooted = true };
	r = plan_items(options, ret, e);
	if (r)
		return r;
	if (options->dry_run) {
		struct selection s = pick(ret, is_pending);

		for (size_t i = 0; i < s.n; i++)
			s.items[i]->result = REGISTER_PLANNED;
		return 0;
	}
	if (!pick(ret, is_pending).n)
		return 0;
	t.around = lasting_look();
	r = options->is_private ? 0 : inherit_find(&t.around, options->mount_at, ret, &t.inherited, e);
	r = r ? r : lasting_open(options, &t.around, ret, &t.instance, e);
	r = r ? r : change_table(&t, e);
	instance_close(&t.instance);
	table_done(&t.inherited);
	if (r)
		return r;
	r = look_from_outside(&t, e);
	if (!r)
		persist(&t);
	if (!options->no_verify) {
		for (size_t i = 0; i < ret->n; i++)
			if (ret->items[i].emulator.fd >= 0)
				emulator_version(ret->items[i].emulator.fd, ret->items[i].arch, ret->items[i].version);
	}
	return r;
}

void register_done(struct register_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		rule_done(&report->items[i].rule);
		emulator_done(&report->items[i].emulator);
		err_done(&report->items[i].err);
	}
	report->n = 0;
	err_done(&report->not_lasting);
	err_done(&report->not_persistent);
	buf_done(&report->passed);
}
