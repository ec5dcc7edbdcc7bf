/* SPDX-License-Identifier: MIT */
/* Proving handlers: the probe of each runs through the kernel to the emulator and back. */
#pragma once

#include "binfmt/items.h"

/*
 * Runs the probes of these items side by side, in an empty root. nonces (may be NULL) holds
 * PROBE_NONCE_LEN bytes per item for trials. Sets each item's verdict. -errno when they could not be run.
 */
int verify_items(struct register_item **items, size_t n, const uint8_t *nonces, bool *ret_is_rooted, struct err *e);
/*
 * Whether each item's emulator is what the kernel starts now, without running it: after everything of
 * ours is closed this is the proof that handlers last. Sets the err of those that fail.
 */
int verify_serving(struct register_item **items, size_t n, bool *ret_serves, struct err *e);
