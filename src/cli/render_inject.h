/* SPDX-License-Identifier: MIT */
/* Output of inject and eject for each target, as text and JSON. */
#pragma once

#include "cli/cli.h"
#include "inject/inject.h"

/*
 * Runs the round (its callback and context are set here) and prints the result for each target. With --output=-,
 * nothing else is written to standard output. Returns the highest exit status.
 */
int render_injects(struct inject_round *round, bool json, bool quiet);
