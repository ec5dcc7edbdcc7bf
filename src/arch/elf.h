/* SPDX-License-Identifier: MIT */
/* What an ELF file is, read through libelf with its inputs bounded. */
#pragma once

#include "arch/arch.h"
#include "base/err.h"

/* The largest e_phnum that is looked at; the kernel itself takes no more than 64 KiB of them. */
enum { ELF_PHNUM_MAX = 1024 };

struct elf_info {
	unsigned bits;
	bool is_big;
	uint16_t machine;
	uint16_t type; /* ET_EXEC 2, ET_DYN 3 */
	bool has_interpreter;
	bool is_truncated; /* a loadable segment lies beyond the end of the file */
	uint64_t constants; /* where the last segment that is only readable begins in the file, 0: none */
};

/*
 * Reads an open regular file; never blocks, never maps it, touches headers only. 0; -ENOEXEC when it is
 * not ELF (the sentence says what it is); -EBADMSG when it is malformed; -errno when reading fails.
 */
int elf_read(int fd, struct elf_info *ret, struct err *e);
/* The row for this header, NULL when QEMU has no such target. */
const struct arch *elf_arch(const struct elf_info *info);
