/* SPDX-License-Identifier: MIT */
/* Handlers inherited from an ancestor user namespace, which a new table would hide: keeps them, or refuses. */
#pragma once

#include "binfmt/items.h"
#include "binfmt/lasting.h"
#include "binfmt/table.h"

/* Owner of the table in effect, if it is not mounted here and this is not the initial user namespace. */
enum inherit_source {
	INHERIT_NOTHING = 0, /* no handler works */
	INHERIT_OWN,	     /* this namespace's own: opening it hides nothing */
	INHERIT_UNKNOWN,     /* handlers work, and opening a table could hide them permanently */
};

enum inherit_source inherit_look(void);

/*
 * Stores in ret the inherited handlers (fs/binfmt_misc.c, load_binfmt_misc(): a namespace without an instance uses its
 * nearest ancestor's) that work and can be registered again. -EOPNOTSUPP with their names if others cannot and the
 * report does not register them. Stores nothing in the initial user namespace or if this one has its own table.
 */
int inherit_find(const struct surroundings *around, const char *mount_at, const struct register_report *report,
	struct table *ret, struct err *e);
/* Registers the inherited handlers in the new instance, oldest first; skips existing names. 0 or -errno with e set. */
int inherit_restore(const struct instance *instance, const struct table *inherited, struct err *e);
