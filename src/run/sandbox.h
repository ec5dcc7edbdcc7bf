/* SPDX-License-Identifier: MIT */
/* A new user namespace with a table of its own: handlers for one command, without root. */
#pragma once

#include "base/err.h"
#include "binfmt/register.h"

/*
 * Moves this process into new user and mount namespaces in which it is root: with the caller's ranges of
 * /etc/subuid and /etc/subgid through newuidmap(1) and newgidmap(1) where there are any, else with a single id;
 * for root with all ids. -EOPNOTSUPP, naming the switch, where that is not allowed.
 */
int sandbox_enter(struct err *e);
/*
 * In such a namespace: mounts its own table and registers fixed handlers for what is asked for (nothing: every
 * emulator that is found), and adds what they take to ret_served. -EOPNOTSUPP on kernels before 6.7, which have one
 * table for all.
 */
int sandbox_register(const struct register_options *options, struct name_set *ret_served, struct err *e);
