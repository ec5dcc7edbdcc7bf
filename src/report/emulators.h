/* SPDX-License-Identifier: MIT */
/* The emulators on this machine, identified by their files; starts none. */
#pragma once

#include "arch/name.h"
#include "emulator/emulator.h"

enum { EMULATORS_VERSIONS_MAX = 8 };

/* Emulators of one version of QEMU. */
struct emulators {
	char version[EMULATOR_VERSION_MAX]; /* "unknown" if the file does not contain it */
	const struct arch *first;	    /* one of them */
	unsigned n;
};

/* Finds emulators of other architectures and groups them by version. Returns the number of versions. */
size_t emulators_find(struct emulators ret[EMULATORS_VERSIONS_MAX]);
/* Adds each architecture that has an emulator and so can be registered. */
void emulators_add(struct name_set *names);
/* Sets e to "no emulator found", with the package to install as a hint. Returns its code. */
int emulators_none(struct err *e);
