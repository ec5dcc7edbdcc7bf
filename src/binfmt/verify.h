/* SPDX-License-Identifier: MIT */
/* Verifies handlers: runs the probe of each through the kernel and the emulator. */
#pragma once

#include "binfmt/items.h"

/*
 * Runs the probes of these items in parallel, in an empty root. nonces (may be NULL) holds PROBE_NONCE_LEN bytes per
 * item for trials. Sets each item's verdict. -errno if they could not be run.
 */
int verify_items(struct register_item **items, size_t n, const uint8_t *nonces, bool *ret_is_rooted, struct err *e);
/*
 * Sets ret_serves[i] to whether the kernel now starts that item's emulator, without running it (true if ptrace is
 * denied). Called after all descriptors are closed, it proves that handlers last. -errno with e set.
 */
int verify_serving(struct register_item **items, size_t n, bool *ret_serves, struct err *e);
