/* SPDX-License-Identifier: MIT */
/* The table of architectures: names, ELF magic and probe program of each QEMU linux-user target. */
#pragma once

#include "base/defs.h"

enum {
	ARCH_MATCHES_MAX = 2,
	ARCH_COUNT_MAX = 64,
};

/* One handler of an architecture: its name in binfmt_misc, and the ELF header bytes it matches. */
struct arch_match {
	const char *handler;
	uint16_t machine;  /* e_machine */
	const char *magic; /* hex, from offset 0 */
	const char *mask;  /* hex, same length */
};

/*
 * A name with several spellings lists them separated by blanks, the usual one first; NULL if the scheme has no name.
 * Rows are static and are compared by address.
 */
struct arch {
	const char *qemu;
	const char *family;  /* its members may run natively on each other's kernels; NULL: none */
	const char *oci;     /* GOARCH */
	const char *variant; /* OCI variant that the bare name implies */
	const char *docker;  /* prefix of the Docker official images */
	const char *uname;
	const char *debian;
	const char *gnu;
	const char *alpine;
	const char *systemd;
	unsigned bits; /* ELF class: 32 or 64 */
	bool is_big;   /* ELF data */
	/* Its signal numbers differ from most others' (asm/signal.h); shells print them and use them as status. */
	bool has_other_signals;
	struct arch_match match[ARCH_MATCHES_MAX];
	const char *probe_code; /* hex: exits with argc */
	uint32_t probe_flags;	/* e_flags */
};

/* The row after this one, the first for NULL; NULL after the last. */
const struct arch *arch_next(const struct arch *row);
/* Finds a row by QEMU's own name ("aarch64"); NULL if there is none. arch/name.h parses user input. */
const struct arch *arch_by_qemu(const char *name);
/* Its name in commands and messages: "arm64", and "i386" rather than "386". */
const char *arch_word(const struct arch *arch);
/* The architecture this program was built for, which the machine's kernel runs natively. */
const struct arch *arch_host(void);
