/* SPDX-License-Identifier: MIT */
/* A new user namespace with its own handler table: handlers for one command, without root. */
#pragma once

#include "base/err.h"
#include "binfmt/register.h"

/*
 * Moves this process into new user and mount namespaces in which it is root. Mapped are the caller's ranges of
 * /etc/subuid and /etc/subgid, by newuidmap(1) and newgidmap(1), else a single id; for root, all ids but one.
 * 0, or -EOPNOTSUPP if that is not allowed; e then names the setting to change.
 */
int sandbox_enter(struct err *e);
/*
 * In such a namespace: mounts its own table, registers handlers with flag F for the requested architectures (none:
 * every emulator found), and adds those registered to ret_served. -EOPNOTSUPP before Linux 6.7, which has a single
 * table.
 */
int sandbox_register(const struct register_options *options, struct name_set *ret_served, struct err *e);

/* Fields of a line of /etc/passwd. */
enum sandbox_user_field { SANDBOX_USER_NAME = 0, SANDBOX_USER_SHELL = 6 };
/*
 * A field of a user, to be freed; NULL: not known. Reads /etc/passwd only: getpwuid(3) in a static program would load
 * NSS modules of another libc.
 */
char *sandbox_user(uid_t uid, enum sandbox_user_field which);
