/* SPDX-License-Identifier: MIT */
/* Which architectures this machine runs without any handler: found by trying, not from a list. */
#pragma once

#include "arch/arch.h"
#include "base/err.h"

/*
 * Sets ret_native[i] for each architecture whose probe the kernel starts by itself. One that a handler
 * takes is tried again in a new user namespace with an empty table of its own (Linux 6.7); where that
 * cannot be had it counts as not native. Nothing on the machine changes. 0 or -errno.
 *
 * family_only: those that have nothing in common with this machine's own are not tried, which takes as long as
 * registering them. Good enough where a wrong guess does no harm: in a table that is only ours.
 */
int native_test(const struct arch *const *archs, size_t n, bool family_only, bool *ret_native, struct err *e);
/* Whether the kernel refuses programs of arch: it runs none, and no handler takes them. False where nothing can be
 * tried. */
bool native_is_refused(const struct arch *arch);
