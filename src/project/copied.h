/* SPDX-License-Identifier: MIT */
/* Emulators that a template copies into images: whether they are there, and are what they should be. */
#pragma once

#include "project/template.h"

/*
 * Looks in the project's directory at what COPY and ADD name with __QEMU_ARCH__ or __EMULATOR__ on the lines that are
 * for target; what comes from other images and from the net, and what is a pattern, is not looked at. 0, or e names
 * the line: -ENOENT, or -EBADMSG where it is no static emulator for this machine.
 */
int copied_check(const struct template *t, const struct target *target, int dir, struct err *e);
