/* SPDX-License-Identifier: MIT */
/* What e_flags and build attributes say beyond class and machine: ABI, float, variant. */
#pragma once

#include "arch/elf.h"
#include "arch/name.h"

/* The machine in words ("ARM", "x86-64"); "unknown machine N" is the caller's for NULL. */
const char *abi_machine(uint16_t machine);
/* Appends "EABI5, hard float, ARMv7"; nothing when there is nothing to say. */
void abi_describe(struct buf *out, const struct elf_info *info);
/* EI_OSABI in words; NULL when unknown. */
const char *abi_os(const struct elf_head *head);
/* Whether its header, its note and its loader are those of Linux, as far as they tell. */
bool abi_is_for_linux(const struct elf_info *info);
/*
 * The platform that can run the file: the row and the OCI variant (arm: from the attributes; "" where
 * the file does not tell). false when QEMU and OCI have none.
 */
bool abi_platform(const struct elf_info *info, struct platform *ret);
