/* SPDX-License-Identifier: MIT */
/* Ends what a command leaves running in a user namespace that was made for it. */
#pragma once

#include "base/err.h"

/*
 * In a user namespace made for this process, whose handlers are mounted: starts a process of its own session that waits
 * until this one has ended, whatever it has become by then and whatever ended it, and kills all that is left in the
 * namespace and in those below it. It is no child of this process, holds none of its files, and takes no signals. As
 * long as it is there the table of handlers is, also in a root without /proc. 0, or -errno with e set.
 */
int sweeper_start(struct err *e);
