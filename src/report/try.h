/* SPDX-License-Identifier: MIT */
/* Asking this machine: the smallest program of an architecture, started as any other would be. */
#pragma once

#include "arch/arch.h"

/*
 * Whether the probe of an architecture runs in this root, with the handlers and limits of this process and that
 * environment. It does nothing but exit. At most five seconds.
 */
bool try_probe(const struct arch *arch, char **environment);
