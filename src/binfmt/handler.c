// SPDX-License-Identifier: MIT
/* Looks up the handler of an architecture. */
#include "binfmt/handler.h"

#include "arch/probe.h"
#include "base/memory.h"
#include "binfmt/table.h"

char *handler_unfixed_interpreter(const struct arch *arch)
{
	struct probe probe = probe_build(arch, 0, NULL);
	auto_instance instance = INSTANCE_INIT;
	auto_free char *path = NULL;
	auto_table table = { 0 };
	const struct table_entry *entry;

	if (instance_find(NULL, &path) != INSTANCE_VISIBLE || instance_open_read(path, &instance, NULL) ||
		table_load(&instance, &table, NULL))
		return NULL;
	entry = table_match(&table, probe.data, probe.size);
	if (!entry || entry->rule.flags & RULE_FIXED || *entry->rule.interpreter != '/')
		return NULL;
	return mem_text(entry->rule.interpreter);
}
