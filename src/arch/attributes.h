/* SPDX-License-Identifier: MIT */
/* The .ARM.attributes section: which ARM a file was built for. */
#pragma once

#include "arch/elf.h"

/*
 * Parses the section's bytes (Addenda to the ABI for the Arm architecture, 3.2). What is malformed ends
 * the parsing; ret->has says whether a CPU architecture was found before that.
 */
void attributes_parse(const uint8_t *bytes, size_t len, bool is_big, struct elf_arm *ret);
