/* SPDX-License-Identifier: MIT */
/* What to register, decided before anything is changed. */
#pragma once

#include "binfmt/items.h"
#include "binfmt/table.h"

/*
 * Fills the report with one item per wanted handler: emulator found and checked, rule made, host
 * safety proven. Items that may not be registered are REGISTER_REFUSED. -errno when nothing can go on.
 */
int plan_items(const struct register_options *options, struct register_report *report, struct err *e);
/* Compares the pending items with the table: unchanged, replace, new, or in conflict. */
int plan_against(const struct register_options *options, const struct table *table, struct register_report *report,
	struct err *e);
/* Whether an entry of the table looks like one of ours: the name of a handler of this architecture, and its ELF files.
 */
const struct arch *plan_owner(const struct rule *entry);
