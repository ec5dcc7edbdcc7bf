/* SPDX-License-Identifier: MIT */
/* Runs the smallest program of an architecture on this machine, as any other program would be started. */
#pragma once

#include "arch/arch.h"

/*
 * Whether the probe of an architecture runs in this root, with the handlers and limits of this process and the given
 * environment. It only exits. Takes at most five seconds.
 */
bool try_probe(const struct arch *arch, char **environment);
