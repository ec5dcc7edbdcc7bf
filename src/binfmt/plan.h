/* SPDX-License-Identifier: MIT */
/* Decides what to register, before anything is changed. */
#pragma once

#include "binfmt/items.h"
#include "binfmt/table.h"

/*
 * Fills the report with one item per wanted handler: finds and checks the emulator, makes the rule, and checks that it
 * cannot break the host. Items that may not be registered are REGISTER_REFUSED. -errno if it cannot continue.
 */
int plan_items(const struct register_options *options, struct register_report *report, struct err *e);
/* Compares the pending items with the table: unchanged, to be replaced, new, or refused because of a conflict. */
int plan_against(const struct register_options *options, const struct table *table, struct register_report *report,
	struct err *e);
/* The architecture whose handler an entry appears to be: its name and its ELF files match. NULL if none. */
const struct arch *plan_owner(const struct rule *entry);
