/* SPDX-License-Identifier: MIT */
/* Lists, adds and removes the handlers of an instance; each added one is read back. */
#pragma once

#include "binfmt/instance.h"
#include "binfmt/rule.h"

struct table_entry {
	struct rule rule; /* only the name when is_odd */
	bool is_odd;	  /* shown in an unknown form: never touched */
};

/* Newest first, as the kernel tries them. A zeroed table is empty. */
struct table {
	struct table_entry *entries;
	size_t n;
};

#define auto_table auto_with(table_done) struct table

int table_load(const struct instance *instance, struct table *ret, struct err *e);
/* The table that is mounted here, without mounting anything. -errno if there is none, or it cannot be read. */
int table_load_mounted(struct table *ret);
void table_done(struct table *table);
const struct table_entry *table_find(const struct table *table, const char *name);
/* The first enabled entry that matches a file with this head; NULL if none does. */
const struct table_entry *table_match(const struct table *table, const uint8_t *head, size_t len);

/*
 * The interpreter of the handler for this architecture's programs, if that handler is not fixed: the emulator must then
 * exist at that path in every root. Owned; NULL if there is no handler, it is fixed, or the table cannot be read.
 */
char *table_unfixed_interpreter(const struct arch *arch);
/*
 * Registers in one write and reads back; removes what the kernel stored differently (-EIO). -EEXIST: the name is taken.
 * With F the interpreter is opened in the root directory of the process that writes.
 */
int table_add(const struct instance *instance, const struct rule *rule, struct err *e);
/* -ENOENT if there is no such entry. */
int table_remove(const struct instance *instance, const char *name, struct err *e);
