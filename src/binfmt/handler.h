/* SPDX-License-Identifier: MIT */
/* What the machine's table has for an architecture, for those who need its interpreter's path. */
#pragma once

#include "arch/arch.h"

/*
 * The interpreter of the handler that takes this architecture's programs, when that handler is not fixed: then the
 * emulator has to be there in every root. Owned; NULL when there is none, or it is fixed, or the table cannot be
 * read. Changes nothing.
 */
char *handler_unfixed_interpreter(const struct arch *arch);
