/* SPDX-License-Identifier: MIT */
/* The table of architectures: what each QEMU linux-user target is called, matched by and probed with. */
#pragma once

#include "base/defs.h"

enum {
	ARCH_MATCHES_MAX = 2,
	ARCH_COUNT_MAX = 64,
};

/* One handler of an architecture: its name in binfmt_misc, and the ELF header bytes it takes. */
struct arch_match {
	const char *handler;
	uint16_t machine;  /* e_machine */
	const char *magic; /* hex, from offset 0 */
	const char *mask;  /* hex, as long */
};

/*
 * Names that have several spellings hold them separated by blanks, the usual one first; NULL where a
 * naming scheme has no word. Rows live for ever and are compared by address.
 */
struct arch {
	const char *qemu;
	const char *family;  /* of which a kernel may run the others natively; NULL: none */
	const char *oci;     /* GOARCH */
	const char *variant; /* OCI variant that the bare name means */
	const char *docker;  /* prefix of the Docker official images */
	const char *uname;
	const char *debian;
	const char *gnu;
	const char *alpine;
	const char *systemd;
	unsigned bits; /* ELF class: 32 or 64 */
	bool is_big;   /* ELF data */
	/* Its kernel numbers signals in another way than most (asm/signal.h): a shell prints and ends with the numbers.
	 */
	bool has_other_signals;
	struct arch_match match[ARCH_MATCHES_MAX];
	const char *probe_code; /* hex: exits with argc */
	uint32_t probe_flags;	/* e_flags */
};

/* The row after this one, the first for NULL; NULL after the last. */
const struct arch *arch_next(const struct arch *row);
/* By QEMU's own name ("aarch64"); NULL when there is none. For what people type see arch/name.h. */
const struct arch *arch_by_qemu(const char *name);
/* What people type for it and read in sentences: "arm64", and "i386" rather than "386". */
const char *arch_word(const struct arch *arch);
/* What this program was built for, so what the machine's kernel runs by itself at least. */
const struct arch *arch_host(void);
