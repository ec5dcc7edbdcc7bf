/* SPDX-License-Identifier: MIT */
/* Parses the .ARM.attributes section: which ARM architecture a file was built for. */
#pragma once

#include "base/defs.h"

/* Build attributes of ARM (Addenda to the ABI for the Arm architecture); has is false if absent. */
struct elf_arm {
	bool has;
	unsigned cpu_arch; /* Tag_CPU_arch */
	unsigned vfp_args; /* Tag_ABI_VFP_args: 1 if floats are passed in registers */
	unsigned profile;  /* Tag_CPU_arch_profile: 'M' for microcontrollers */
};

/*
 * Parses the section's bytes (Addenda to the ABI for the Arm architecture, 3.2). Stops at malformed data; ret->has says
 * whether a CPU architecture was found before.
 */
void attributes_parse(const uint8_t *bytes, size_t len, bool is_big, struct elf_arm *ret);
