/* SPDX-License-Identifier: MIT */
/* Adds the entry stub to emulators, recognizes it, and keeps the results under the names of their content. */
#pragma once

#include "emulator/emulator.h"

/* Whether there is a stub for this machine's architecture. */
bool stub_is_possible(void);
/*
 * Copies an emulator that emulator_check() has accepted, with the stub, to an empty file that is open for reading and
 * writing. -EBADMSG with the reason if it is packed (its version cannot be read), has a stub already or has no room for
 * one; -EOPNOTSUPP if there is no stub for this machine; or -errno.
 */
int stub_add(const struct emulator *emulator, int to, struct err *e);
/* Whether a file is an emulator with the stub. */
bool stub_is_in(int fd);
/*
 * Replaces an open emulator with its copy with the stub, named by content, in dir (created if missing). Creates the
 * copy if it does not exist, and tests it with the probe of its architecture. An emulator that has the stub is not
 * changed.
 */
int stub_use(struct emulator *emulator, const char *dir, struct err *e);
/* Only sets the emulator's path to that of the copy. */
int stub_name(struct emulator *emulator, const char *dir, struct err *e);
/* Like stub_use(), with an unnamed copy: the emulator's path is valid in this process only. */
int stub_use_unnamed(struct emulator *emulator, struct err *e);
/* The default directory of copies: root's, else in the user's cache. Owned; NULL if HOME is not set. */
char *stub_directory(void);
