/* SPDX-License-Identifier: MIT */
/* What to type on this distribution to get emulators. */
#pragma once

#include "arch/arch.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * Appends the command that installs a static emulator for arch (NULL: those for ARM), by ID and ID_LIKE of
 * /etc/os-release as it was when first asked, before a root was entered; for an unknown distribution, and where that
 * file is missing, a sentence that says what is needed. Returns whether it is a command to type.
 */
bool package_emulators(struct buf *out, const struct arch *arch);
/* The same as the hint of an error; returns its code. */
int package_hint(struct err *e);
/* The same for one more package of the distributions that use apt; elsewhere "install NEED", words that say what it is.
 */
bool package_install(struct buf *out, const char *package, const char *need);
