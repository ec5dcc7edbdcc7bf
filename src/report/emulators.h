/* SPDX-License-Identifier: MIT */
/* Which emulators this machine has. Read from their files; nothing is started. */
#pragma once

#include "arch/name.h"
#include "emulator/emulator.h"

enum { EMULATORS_VERSIONS_MAX = 8 };

/* Emulators of one version of QEMU. */
struct emulators {
	char version[EMULATOR_VERSION_MAX]; /* "unknown" where the file does not tell */
	const struct arch *first;	    /* one of them */
	unsigned n;
};

/* Those of other architectures, by their version. How many versions there are. */
size_t emulators_find(struct emulators ret[EMULATORS_VERSIONS_MAX]);
/* Adds each architecture that has one: what could be registered here. */
void emulators_add(struct name_set *names);
/* Sets e to the error that there is none, with the package to install. Its code. */
int emulators_none(struct err *e);
