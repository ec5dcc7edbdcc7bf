/* SPDX-License-Identifier: MIT */
/* The handlers of an instance: listed, added, removed; each change is read back. */
#pragma once

#include "binfmt/instance.h"
#include "binfmt/rule.h"

struct table_entry {
	struct rule rule; /* only the name when is_odd */
	bool is_odd;	  /* shown in a form that we do not know: never touched */
};

/* Newest first, as the kernel tries them. A zeroed table is empty. */
struct table {
	struct table_entry *entries;
	size_t n;
};

#define auto_table auto_with(table_done) struct table

int table_load(const struct instance *instance, struct table *ret, struct err *e);
void table_done(struct table *table);
const struct table_entry *table_find(const struct table *table, const char *name);
/* The first enabled entry that takes a file with this head; NULL when none does. */
const struct table_entry *table_match(const struct table *table, const uint8_t *head, size_t len);

/* One entry as the kernel has it now. -ENOENT when there is none. */
int table_get(const struct instance *instance, const char *name, struct rule *ret, struct err *e);
/*
 * Registers in one write and reads back; what the kernel took differently is removed again (-EIO).
 * -EEXIST: the name is taken. With F the interpreter is opened in this process' root directory.
 */
int table_add(const struct instance *instance, const struct rule *rule, struct err *e);
/* -ENOENT when there is no such entry. */
int table_remove(const struct instance *instance, const char *name, struct err *e);
