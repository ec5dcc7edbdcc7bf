/* SPDX-License-Identifier: MIT */
/* An open emulator: a static executable for this machine's own architecture, checked by its file. */
#pragma once

#include "arch/arch.h"
#include "base/err.h"

enum { EMULATOR_VERSION_MAX = 32 };

struct emulator {
	const struct arch *arch; /* what it emulates, as requested */
	char *path;		 /* absolute, as registered with the kernel */
	int fd;			 /* read-only */
};

#define auto_emulator auto_with(emulator_done) struct emulator
#define EMULATOR_INIT                                                                                                  \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}

/*
 * Opens path below the directory root ("" for the real one) and checks that a fixed handler can use it: absolute path
 * without ':' (the separator of fields) and control characters; regular, executable, not set-user-ID or set-group-ID,
 * without capabilities, complete, static, for this machine's architecture. -EBADMSG with the reason otherwise; -ENOENT
 * if it does not exist.
 */
int emulator_open(const char *root, const char *path, const struct arch *arch, struct emulator *ret, struct err *e);
void emulator_done(struct emulator *emulator);
/* Whether the file has capabilities, which every program that it emulates would get. */
bool emulator_has_capabilities(int fd);
int emulator_refuse_capabilities(struct err *e);
/* The same checks for an open file, without its path: whether the kernel can start it in any root. */
int emulator_check(int fd, struct err *e);
/* Who besides root can modify the emulator of every foreign program, as a clause; NULL if nobody can. */
const char *emulator_exposure(int fd);

/*
 * Reads the QEMU version ("7.2.22") from the bytes of an emulator for arch, without running it. false if there is none:
 * then it is not QEMU's emulator for that architecture.
 */
bool emulator_version(int fd, const struct arch *arch, char ret[EMULATOR_VERSION_MAX]);
