/* SPDX-License-Identifier: MIT */
/* An opened emulator: a static executable of this machine's own architecture, and what it says it is. */
#pragma once

#include "arch/arch.h"
#include "base/err.h"

enum { EMULATOR_VERSION_MAX = 32 };

struct emulator {
	const struct arch *arch; /* what it emulates, as asked for */
	char *path;		 /* absolute, as the kernel will be told */
	int fd;			 /* read-only */
};

#define auto_emulator auto_with(emulator_done) struct emulator
#define EMULATOR_INIT                                                                                                  \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}

/*
 * Opens path below the directory root ("" for the real one) and checks that a fixed handler can use
 * it: absolute, one line and no ':' (they separate fields), regular, executable, not set-user-ID or
 * set-group-ID, whole, static, of this machine's architecture. -EBADMSG and the reason otherwise; -ENOENT when it is
 * not there.
 */
int emulator_open(const char *root, const char *path, const struct arch *arch, struct emulator *ret, struct err *e);
void emulator_done(struct emulator *emulator);
/* Whether the file has capabilities, which the kernel gives to every program that it emulates. */
bool emulator_has_capabilities(int fd);
/* The same of an open file, without its path: whether the kernel can start it in any root. */
int emulator_check(int fd, struct err *e);
/* Who besides root can change what every foreign program runs through, as a clause; NULL for nobody. */
const char *emulator_exposure(int fd);

/*
 * The QEMU version that the file of an emulator for arch carries ("7.2.22"), read from its bytes
 * without running it. false when it holds none, so is not QEMU's emulator of that architecture.
 */
bool emulator_version(int fd, const struct arch *arch, char ret[EMULATOR_VERSION_MAX]);
