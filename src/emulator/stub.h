/* SPDX-License-Identifier: MIT */
/* The entry stub in an emulator: put there, known again, kept by content. */
#pragma once

#include "emulator/emulator.h"

/* Whether this machine's architecture has one. */
bool stub_is_possible(void);
/*
 * Copies an emulator, which emulator_check() has accepted and whose version can be read, with the stub to an empty file
 * that is open for reading and writing. -EBADMSG with the reason when it is packed, has a stub already or has no room
 * for one; -EOPNOTSUPP where there is none for this machine; -errno.
 */
int stub_add(const struct emulator *emulator, int to, struct err *e);
/* Whether a file is an emulator with the stub. */
bool stub_is_in(int fd);
/*
 * Replaces an opened emulator by the same with the stub, which lies under dir (made when missing) by the name of its
 * content, and is made and tried with the probe of its architecture when it is not there yet. One that has the stub
 * stays as it is.
 */
int stub_use(struct emulator *emulator, const char *dir, struct err *e);
/* Says only where that would be: the emulator's path becomes it. */
int stub_name(struct emulator *emulator, const char *dir, struct err *e);
/* The same without a directory: the emulator's path is then one of this process alone. */
int stub_use_unnamed(struct emulator *emulator, struct err *e);
/* Where it is kept by default: root's, else the user's cache. Text to be freed; NULL. */
char *stub_directory(void);
