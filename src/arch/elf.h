/* SPDX-License-Identifier: MIT */
/* What an ELF file is, read through libelf with its inputs bounded. */
#pragma once

#include "arch/arch.h"
#include "arch/attributes.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	ELF_PHNUM_MAX = 1024, /* the kernel itself takes no more than 64 KiB of them */
	ELF_SHNUM_MAX = 65535,
	ELF_INTERPRETER_MAX = 4096, /* PATH_MAX, with its NUL */
	ELF_ATTRIBUTES_MAX = 65536,
	ELF_DYNAMIC_MAX = 65536,
	ELF_MIPS_ABI = 0xf000, /* EF_MIPS_ABI: of the flags; 0 for what is newer than it */
	ELF_MIPS_ABI_O32 = 0x1000,
	ELF_HEAD = 64, /* enough of a file to say whose it is */
};

enum elf_linkage {
	ELF_UNKNOWN = 0,
	ELF_RELOCATABLE,
	ELF_CORE,
	ELF_LIBRARY,
	ELF_STATIC,
	ELF_STATIC_PIE,
	ELF_DYNAMIC,
	ELF_DEBUG, /* only what debuggers want of a program that is elsewhere */
};

/* "unknown", "relocatable", … by enum elf_linkage. */
extern const char *const elf_linkage_words[];

/* The first bytes alone. */
struct elf_head {
	unsigned bits;
	bool is_big;
	uint8_t os_abi, abi_version;
	uint16_t machine;
	uint16_t type; /* ET_REL 1, ET_EXEC 2, ET_DYN 3, ET_CORE 4 */
	uint32_t flags;
};

struct elf_info {
	struct elf_head head;
	enum elf_linkage linkage;
	bool has_interpreter;
	const char *system; /* what is not Linux, by its note; NULL: nothing says so */
	bool is_truncated;  /* a loadable segment lies beyond the end of the file */
	uint64_t constants; /* where the last segment that is only readable begins in the file, 0: none */
	struct elf_arm arm;
	char interpreter[ELF_INTERPRETER_MAX]; /* PT_INTERP, "" for none */
};

/*
 * Reads the header from the first bytes of a file without libelf: for counting many. 1 when it is one,
 * 0 when it is not ELF, -EBADMSG with e set when it is malformed.
 */
int elf_read_head(const uint8_t *bytes, size_t len, struct elf_head *ret, struct err *e);
/*
 * Reads an open regular file; never blocks, never maps it, touches headers only. 0; -ENOEXEC when it is
 * not ELF (the sentence says what it is); -EBADMSG when it is malformed; -errno when reading fails.
 */
int elf_read(int fd, struct elf_info *ret, struct err *e);
/* Whether a header says that its program is for another system; most of them do not say it there. */
bool elf_is_other_system(const struct elf_head *head);
/* The row for this header, NULL when QEMU has no such target (x32, 31-bit s390, …). */
const struct arch *elf_arch(const struct elf_head *head);
