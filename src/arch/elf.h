/* SPDX-License-Identifier: MIT */
/* Reads and classifies ELF files through libelf, with bounded input. */
#pragma once

#include "arch/arch.h"
#include "arch/attributes.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	ELF_PHNUM_MAX = 1024, /* the kernel accepts at most 64 KiB of them */
	ELF_SHNUM_MAX = 65535,
	ELF_INTERPRETER_MAX = 4096, /* PATH_MAX, with its NUL */
	ELF_ATTRIBUTES_MAX = 65536,
	ELF_DYNAMIC_MAX = 65536,
	ELF_MIPS_ABI = 0xf000, /* EF_MIPS_ABI, a field of e_flags; 0 for newer ABIs */
	ELF_MIPS_ABI_O32 = 0x1000,
	ELF_HEAD = 64, /* bytes of a file that elf_read_head() needs */
};

enum elf_linkage {
	ELF_UNKNOWN = 0,
	ELF_RELOCATABLE,
	ELF_CORE,
	ELF_LIBRARY,
	ELF_STATIC,
	ELF_STATIC_PIE,
	ELF_DYNAMIC,
	ELF_DEBUG, /* debug information of a program in another file */
};

/* "unknown", "relocatable", … by enum elf_linkage. */
extern const char *const elf_linkage_words[];

/* The ELF header. */
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
	bool needs_libraries;
	const char *system; /* another system than Linux, named by a note; NULL if none */
	bool has_entry;	    /* some segment is loaded where the program starts */
	bool is_truncated;  /* a loadable segment extends beyond the end of the file */
	uint64_t loaded;    /* file offset of the end of the loadable segments */
	uint64_t constants; /* file offset of the last read-only segment, 0 if none */
	struct elf_arm arm;
	char interpreter[ELF_INTERPRETER_MAX]; /* PT_INTERP, "" if none */
};

/*
 * Reads the header from the first bytes of a file without libelf, to scan many files. 1 if valid, 0 if not ELF,
 * -EBADMSG with e set if malformed.
 */
int elf_read_head(const uint8_t *bytes, size_t len, struct elf_head *ret, struct err *e);
/*
 * Reads the headers of an open regular file; never blocks, never maps it. 0, -ENOEXEC if it is not ELF (the message
 * says what it is), -EBADMSG if it is malformed, or -errno if reading fails.
 */
int elf_read(int fd, struct elf_info *ret, struct err *e);
/* Whether EI_OSABI names another system; most programs for other systems do not set it. */
bool elf_is_other_system(const struct elf_head *head);
/* The row for this header; NULL if QEMU has no such target (x32, 31-bit s390, …). */
const struct arch *elf_arch(const struct elf_head *head);
