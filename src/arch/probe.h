/* SPDX-License-Identifier: MIT */
/* A minimal program per target, which shows whether an emulator runs it and passes its arguments on. */
#pragma once

#include "arch/arch.h"

enum {
	PROBE_SIZE_MAX = 192,
	PROBE_ARGC = 42,    /* number of arguments, which it returns as exit status */
	PROBE_NONCE_AT = 9, /* in the ELF padding, which kernel and QEMU ignore */
	PROBE_NONCE_LEN = 6,
};

struct probe {
	uint8_t data[PROBE_SIZE_MAX];
	size_t size;
};

/*
 * Builds the static ET_EXEC probe for the index-th match of a row: ELF header, one program header, the
 * code. nonce (PROBE_NONCE_LEN bytes, or NULL for zeroes) goes into the padding, so that a rule can
 * match this one file and nothing else.
 */
struct probe probe_build(const struct arch *arch, size_t index, const uint8_t *nonce);
