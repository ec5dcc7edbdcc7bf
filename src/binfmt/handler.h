/* SPDX-License-Identifier: MIT */
/* Looks up the handler of an architecture, for callers that need its interpreter's path. */
#pragma once

#include "arch/arch.h"

/*
 * The interpreter of the handler for this architecture's programs, if that handler is not fixed: the emulator must then
 * exist at that path in every root. Owned; NULL if there is no handler, it is fixed, or the table cannot be read.
 * Read-only.
 */
char *handler_unfixed_interpreter(const struct arch *arch);
