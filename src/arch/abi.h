/* SPDX-License-Identifier: MIT */
/* ABI, floating point and variant of an ELF file, from e_flags and build attributes. */
#pragma once

#include "arch/elf.h"
#include "arch/name.h"

/* Name of a machine ("ARM", "x86-64"); NULL if unknown: callers then print "unknown machine N". */
const char *abi_machine(uint16_t machine);
/* Appends a description, such as "EABI5, hard float, ARMv7", or nothing. */
void abi_describe(struct buf *out, const struct elf_info *info);
/* Name of EI_OSABI; NULL if unknown. */
const char *abi_os(const struct elf_head *head);
/* Whether header, note and interpreter are those of Linux, or do not name another system. */
bool abi_is_for_linux(const struct elf_info *info);
/*
 * The platform that can run the file: the row and the OCI variant (for arm from the attributes; "" if unknown). false
 * if there is none: no QEMU target, another system, or a microcontroller.
 */
bool abi_platform(const struct elf_info *info, struct platform *ret);
