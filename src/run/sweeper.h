/* SPDX-License-Identifier: MIT */
/* Kills the processes that a command leaves running in the user namespace created for it. */
#pragma once

#include "base/err.h"

/*
 * In a user namespace created for this process, with its handlers mounted: starts a process in a new session that waits
 * until this process (or the program it executes) ends for any reason, then kills every process in the namespace and
 * its descendants. The sweeper is not a child of this process, holds none of its files and blocks all signals. It keeps
 * the handler table alive, also where the root has no /proc. 0, or -errno with e set.
 */
int sweeper_start(struct err *e);
