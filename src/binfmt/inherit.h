/* SPDX-License-Identifier: MIT */
/* Handlers of a user namespace above this one, which a table of this one hides: kept, or the table is not made. */
#pragma once

#include "binfmt/items.h"
#include "binfmt/table.h"

/* Whose table it is that is mounted nowhere in sight, in a user namespace that is not the initial one. */
enum inherit_source {
	INHERIT_NOTHING = 0, /* no handler works */
	INHERIT_OWN,	     /* this namespace's: opening it hides nothing */
	INHERIT_UNKNOWN,     /* handlers work, and opening a table could hide them for good */
};

enum inherit_source inherit_look(void);

/*
 * What works here by inheritance (fs/binfmt_misc.c, load_binfmt_misc(): a namespace without an instance uses its
 * nearest ancestor's) and can be registered again, into ret. -EOPNOTSUPP, naming them, when there are others that the
 * report does not register anyway. Nothing in the initial user namespace, or where the table is this namespace's own.
 */
int inherit_find(const struct surroundings *around, const char *mount_at, const struct register_report *report,
	struct table *ret, struct err *e);
/* Registers them in the new instance, oldest first; what has a handler of that name stays. 0 or -errno with e set. */
int inherit_restore(const struct instance *instance, const struct table *inherited, struct err *e);
