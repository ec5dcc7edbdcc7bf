// SPDX-License-Identifier: MIT
/* Lists, adds and removes the handlers of an instance; each added one is read back. */
#include "binfmt/table.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "arch/probe.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "binfmt/pin.h"

static int read_entry(const struct instance *instance, const char *name, struct buf *text)
{
	auto_fd fd = openat(instance->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd_read_all(fd, RULE_ENTRY_MAX, text);
}

/* The kernel lists entries newest first (fs/libfs.c), which is also the order of matching. */
int table_load(const struct instance *instance, struct table *ret, struct err *e)
{
	auto_table table = { 0 };
	auto_dir dir = fd_list_at(instance->dir, ".");
	const struct dirent *file;
	int r = dir ? 0 : -errno;

	while (dir && !r && (file = fd_next(dir))) {
		struct table_entry entry = { 0 };
		auto_buf text = { 0 };

		if (!strcmp(file->d_name, "register") || !strcmp(file->d_name, "status"))
			continue;
		r = read_entry(instance, file->d_name, &text);
		if (r && r != -E2BIG) {
			r = r == -ENOENT ? 0 : r; /* removed meanwhile */
			continue;
		}
		if (r || rule_parse_entry(file->d_name, buf_text(&text), &entry.rule, NULL)) {
			entry.is_odd = true;
			entry.rule.name = mem_text(file->d_name);
			entry.rule.interpreter = mem_text("");
		}
		table.entries = mem_more(table.entries, table.n, sizeof(*table.entries));
		table.entries[table.n++] = entry;
		r = 0;
	}
	r = r ? r : -errno;
	if (r)
		return err_sys(e, r, "cannot list the handlers");
	*ret = table;
	table = (struct table){ 0 };
	return 0;
}

int table_load_mounted(struct table *ret)
{
	auto_instance instance = INSTANCE_INIT;
	auto_free char *path = NULL;
	int r = instance_find(NULL, &path) == INSTANCE_VISIBLE ? instance_open_read(path, &instance, NULL) : -ENOENT;

	return r ? r : table_load(&instance, ret, NULL);
}

void table_done(struct table *table)
{
	for (size_t i = 0; i < table->n; i++)
		rule_done(&table->entries[i].rule);
	free(table->entries);
	*table = (struct table){ 0 };
}

const struct table_entry *table_find(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->entries[i].rule.name, name))
			return &table->entries[i];
	return NULL;
}

const struct table_entry *table_match(const struct table *table, const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct table_entry *entry = &table->entries[i];

		if (!entry->is_odd && entry->rule.is_enabled && rule_matches(&entry->rule, head, len))
			return entry;
	}
	return NULL;
}

char *table_unfixed_interpreter(const struct arch *arch)
{
	struct probe probe = probe_build(arch, 0, NULL);
	auto_table table = { 0 };
	const struct table_entry *entry =
		table_load_mounted(&table) ? NULL : table_match(&table, probe.data, probe.size);

	if (!entry || entry->rule.flags & RULE_FIXED || *entry->rule.interpreter != '/')
		return NULL;
	return mem_text(entry->rule.interpreter);
}

/* Why the kernel refused the string; fs/binfmt_misc.c, bm_register_write(). */
static int add_refused(int code, const struct rule *rule, struct err *e)
{
	char flags[RULE_FLAGS_TEXT];

	rule_flags_text(rule->flags, flags);
	switch (code) {
	case -EEXIST:
		return err_set(e, -EEXIST, "a handler named %s already exists", rule->name);
	case -EINVAL:
		err_set(e, -EOPNOTSUPP, "the kernel refuses the rule for %s (flags %s)", rule->name, flags);
		return err_hint(e, "fixed handlers need Linux 4.8 or later");
	case -ENOENT:
		return err_set(e, -EBADMSG, "%s: no such file", rule->interpreter);
	case -EACCES:
		return err_set(e, -EACCES,
			"the kernel may not run %s (not executable, on a noexec "
			"mount, or forbidden by a security module)",
			rule->interpreter);
	case -EPERM:
		return err_set(e, -EPERM, "a security module forbids registering %s", rule->name);
	default:
		return err_sys(e, code, "cannot register %s", rule->name);
	}
}

int table_add(const struct instance *instance, const struct rule *rule, struct err *e)
{
	auto_buf text = { 0 }, entry = { 0 };
	auto_rule got = { 0 };
	int r = rule_render(rule, &text, e);

	if (r)
		return r;
	/* The kernel parses each write(2) separately: a partial one would be another string. */
	if (instance->writer >= 0)
		r = pin_write(instance->writer, buf_text(&text), text.len);
	else if (write(instance->reg, buf_text(&text), text.len) < 0)
		r = -errno;
	if (r)
		return add_refused(r, rule, e);
	r = read_entry(instance, rule->name, &entry);
	if (r == -ENOENT)
		return err_set(e, -EIO, "%s vanished at once: another process is changing the handlers", rule->name);
	if (!r && !rule_parse_entry(rule->name, buf_text(&entry), &got, NULL) && got.is_enabled &&
		rule_same_match(&got, rule) && !strcmp(got.interpreter, rule->interpreter) && got.flags == rule->flags)
		return 0;
	table_remove(instance, rule->name, NULL);
	return r ? err_sys(e, r, "%s", rule->name)
		 : err_set(e, -EIO, "the kernel registered %s differently from what was written", rule->name);
}

int table_remove(const struct instance *instance, const char *name, struct err *e)
{
	auto_fd fd = openat(instance->dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(e, -errno, "cannot remove %s", name);
	return write(fd, "-1", 2) < 0 ? err_sys(e, -errno, "cannot remove %s", name) : 0;
}
