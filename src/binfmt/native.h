/* SPDX-License-Identifier: MIT */
/* Tests which architectures this machine runs without any handler, by trying. */
#pragma once

#include "arch/arch.h"
#include "base/err.h"

/*
 * Sets ret_native[i] for each architecture whose probe the kernel runs natively. A probe
 * that a handler takes is tried again in a new user namespace with an empty table of its own (Linux 6.7); if that is
 * impossible, it counts as not native. Changes nothing on the machine. 0 or -errno.
 *
 * family_only: skips architectures of other families than this machine's, as trying them takes as long as registering
 * them. Sufficient where a wrong guess does no harm: in a private table.
 */
int native_test(const struct arch *const *archs, size_t n, bool family_only, bool *ret_native, struct err *e);
/* Whether exec of arch's programs fails: they are neither native nor have a handler. False if it cannot be tried. */
bool native_is_refused(const struct arch *arch);
