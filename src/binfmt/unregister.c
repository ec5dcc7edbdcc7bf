// SPDX-License-Identifier: MIT
/* Removes handlers: those that look like anyarch's, and others only if named exactly. */
#include "binfmt/unregister.h"

#include <fnmatch.h>
#include <string.h>

#include "arch/name.h"
#include "base/memory.h"
#include "base/str.h"
#include "binfmt/inherit.h"
#include "binfmt/persist.h"
#include "binfmt/plan.h"
#include "binfmt/replace.h"
#include "binfmt/table.h"

/* A conventional name and an ELF magic: not another program's WSLInterop or python3.12. */
static bool looks_like_ours(const struct table_entry *entry, const char *prefix)
{
	static const uint8_t elf[] = { 0x7f, 'E', 'L', 'F' };
	const struct rule *rule = &entry->rule;

	return !entry->is_odd && str_starts(rule->name, prefix) && str_starts(rule->name + strlen(prefix), "qemu-") &&
	       !rule->offset && rule->size > sizeof(elf) && !memcmp(rule->magic, elf, sizeof(elf));
}

/* The meaning of one word of the command line. */
struct choice {
	const char *word;
	const char *prefix;
	bool is_exact, is_glob;
	struct platform platform;
};

static bool is_chosen(const struct choice *c, const struct table_entry *entry)
{
	if (c->is_exact)
		return !strcmp(entry->rule.name, c->word);
	if (c->is_glob)
		return looks_like_ours(entry, "") && !fnmatch(c->word, entry->rule.name, 0);
	if (c->platform.arch) {
		size_t len = strlen(entry->rule.name), skip = strlen(c->prefix);

		/* A handler of this architecture, or the leftover of an interrupted replacement. */
		if (!looks_like_ours(entry, c->prefix))
			return false;
		replace_is_temporary(entry->rule.name, &len, NULL);
		for (size_t m = 0; m < ARCH_MATCHES_MAX && c->platform.arch->match[m].handler; m++)
			if (strlen(c->platform.arch->match[m].handler) == len - skip &&
				!memcmp(c->platform.arch->match[m].handler, entry->rule.name + skip, len - skip))
				return true;
		return false;
	}
	return looks_like_ours(entry, ""); /* --all */
}

/*
 * Registered by anyarch until reboot. Its rules differ from other programs' in the mask; an entry that is also in
 * binfmt.d belongs to systemd-binfmt.
 */
static bool is_transient(const struct table_entry *entry, const char *root)
{
	if (!looks_like_ours(entry, ""))
		return false;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++) {
			auto_rule made = rule_for_arch(a, m, entry->rule.name, entry->rule.interpreter, 0);

			if (rule_same_match(&made, &entry->rule))
				return !persist_has(root, entry->rule.name);
		}
	return false;
}

/* One run: its options, the table (instance is NULL if there is none), and the result. */
struct removal {
	const struct unregister_options *options;
	const struct instance *instance;
	struct table table;
	struct unregister_report *report;
};

static void push_escaped(char ***list, size_t *n, const char *text)
{
	auto_buf safe = { 0 };

	str_escape(&safe, text, strlen(text));
	mem_push_text(list, n, buf_text(&safe));
}

/* Removes the files that restore a handler at boot, even if the handler is not registered now. */
static int remove_persisted(const struct removal *m, const struct choice *choice, struct err *e)
{
	for (const struct arch *a = NULL; !m->options->dry_run && (a = arch_next(a));)
		for (size_t i = 0; i < ARCH_MATCHES_MAX && a->match[i].handler; i++) {
			const char *handler = a->match[i].handler;
			bool removes = choice->is_exact	 ? !strcmp(choice->word, handler)
				       : choice->is_glob ? !fnmatch(choice->word, handler, 0)
							 : !choice->platform.arch || choice->platform.arch == a;
			auto_buf name = { 0 };
			int r = 0;

			buf_addf(&name, "%s%s", choice->platform.arch ? choice->prefix : "", handler);
			if (removes)
				r = persist_remove(m->options->root, buf_text(&name), e);
			if (r < 0)
				return r;
			if (r) {
				auto_free char *file = mem_print("/etc/binfmt.d/%s.conf", buf_text(&name));

				mem_push_text(&m->report->removed, &m->report->n_removed, file);
			}
		}
	return 0;
}

static int remove_chosen(const struct removal *m, const struct choice *choice, struct err *e)
{
	const struct unregister_options *options = m->options;
	struct unregister_report *report = m->report;
	size_t before = report->n_removed;
	int r = 0;

	for (size_t i = 0; !r && i < m->table.n; i++) {
		const struct table_entry *entry = &m->table.entries[i];

		if (!is_chosen(choice, entry) || (options->transient && !is_transient(entry, options->root)))
			continue;
		if (!options->dry_run)
			r = table_remove(m->instance, entry->rule.name, e);
		if (!r)
			push_escaped(&report->removed, &report->n_removed, entry->rule.name);
		r = r == -ENOENT ? 0 : r;
	}
	if (options->transient)
		return r;
	r = r ? r : remove_persisted(m, choice, e);
	if (!r && report->n_removed == before && choice->word)
		push_escaped(&report->absent, &report->n_absent, choice->word);
	return r;
}

/* Handles one word: the name of an entry, or a list. */
static int each_choice(const struct removal *m, const char *word, bool only_checks, struct err *e)
{
	const char *item = word;
	size_t len = strlen(word);
	bool is_name = table_find(&m->table, word);
	int r = 0;

	if (!is_name && !word[strspn(word, ", \t\n\r")])
		return err_set(e, -EINVAL, "an empty name");
	while (!r && (is_name || str_next_item(&word, &item, &len))) {
		auto_free char *one = mem_part(item, len);
		struct choice choice = { .word = one, .is_exact = table_find(&m->table, one) };
		auto_err unknown = { 0 };

		choice.prefix = m->options->name_prefix ? m->options->name_prefix : "";
		choice.is_glob = !choice.is_exact && strpbrk(one, "*?[");
		if (!choice.is_exact && !choice.is_glob && strcmp(one, "all") &&
			name_parse(one, len, &choice.platform, &unknown)) {
			err_set(e, -ENOENT, "no handler or platform is named '%s'", one);
			return unknown.hint ? err_hint(e, "%s", unknown.hint) : -ENOENT;
		}
		if (!only_checks)
			r = remove_chosen(m, &choice, e);
		if (is_name)
			break;
	}
	return r;
}

/* Whether all words are exact names of entries, without --all. */
static bool are_names(const struct unregister_options *options, const struct instance *instance)
{
	auto_table table = { 0 };

	if (options->all || table_load(instance, &table, NULL))
		return false;
	for (size_t i = 0; i < options->n_words; i++)
		if (!table_find(&table, options->words[i]))
			return false;
	return true;
}

/* 0 if opened, 1 if there is no table to remove from. From an inherited table, only exact names may be removed. */
static int open_table(const struct unregister_options *options, struct instance *ret, struct err *e)
{
	char *path;
	enum instance_state state = instance_find(options->mount_at, &path);
	auto_free char *owned = path;

	if (state == INSTANCE_VISIBLE) {
		int r = instance_open_write(owned, ret, e);

		if (r || instance_is_own(ret) || are_names(options, ret))
			return r;
		instance_close(ret);
		err_set(e, -EOPNOTSUPP, "%s belongs to the user namespace above this one", owned);
		return err_hint(e, "remove the handlers where they were registered");
	}
	if (state == INSTANCE_AUTOMOUNT &&
		!instance_open_write(options->mount_at ? options->mount_at : INSTANCE_USUAL, ret, NULL))
		return 0;
	if (!lasting_look().is_initial_userns) {
		enum inherit_source source = inherit_look();

		if (source == INHERIT_UNKNOWN) {
			err_set(e, -EOPNOTSUPP,
				"handlers work here, and their table is mounted nowhere in this user namespace: a look "
				"at it could hide them");
			return err_hint(e, "remove the handlers where they were registered");
		}
		return source == INHERIT_NOTHING ? 1 : instance_open_detached(ret, e);
	}
	return instance_is_alive() == 0 ? 1 : instance_open_detached(ret, e);
}

int unregister_run(const struct unregister_options *options, struct unregister_report *ret, struct err *e)
{
	auto_instance instance = INSTANCE_INIT;
	struct removal m = { .options = options, .report = ret };
	const struct choice all = { 0 };
	int r;

	*ret = (struct unregister_report){ 0 };
	r = open_table(options, &instance, e);
	if (r < 0)
		return r;
	if (!r) {
		m.instance = &instance;
		r = instance_lock(&instance, e);
		r = r ? r : table_load(&instance, &m.table, e);
	} else {
		r = 0;
	}
	for (size_t i = 0; !r && i < options->n_words; i++)
		r = each_choice(&m, options->words[i], true, e);
	for (size_t i = 0; !r && i < options->n_words; i++)
		r = each_choice(&m, options->words[i], false, e);
	if (!r && options->all)
		r = remove_chosen(&m, &all, e);
	table_done(&m.table);
	return r;
}

void unregister_done(struct unregister_report *report)
{
	mem_free_texts(report->removed, report->n_removed);
	mem_free_texts(report->absent, report->n_absent);
}
