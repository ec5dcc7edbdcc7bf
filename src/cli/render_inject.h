/* SPDX-License-Identifier: MIT */
/* What became of the targets of inject and eject, as text and JSON. */
#pragma once

#include "cli/cli.h"
#include "inject/inject.h"

/*
 * Runs the round, all but whose told and context is set, and prints what became of its targets. Where --output has
 * standard output, nothing else goes there. The worst, which is the highest, exit status.
 */
int render_injects(struct inject_round *round, bool json, bool quiet);
