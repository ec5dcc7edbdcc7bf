/* SPDX-License-Identifier: MIT */
/* The commands that install emulators on this distribution. */
#pragma once

#include "arch/arch.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * Appends the command that installs a static emulator for arch (NULL: those for ARM), chosen by ID and ID_LIKE of
 * /etc/os-release as of the first call, before a root is entered. If the distribution is unknown or the file missing,
 * appends a sentence that says what is needed. Returns whether it is a command.
 */
bool package_emulators(struct buf *out, const struct arch *arch);
/* Sets the same as the hint of an error; returns its code. */
int package_hint(struct err *e);
/* The same for another package on distributions with apt; elsewhere appends "install NEED", which describes it. */
bool package_install(struct buf *out, const char *package, const char *need);
