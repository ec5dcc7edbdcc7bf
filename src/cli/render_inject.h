/* SPDX-License-Identifier: MIT */
/* What became of the targets of inject and eject, as text and JSON. */
#pragma once

#include "cli/cli.h"
#include "inject/inject.h"

/* Adds what became of one target to list, or prints it where that is NULL, and says what was noticed. */
void render_inject(const char *target, const struct inject_report *report, struct json *list, bool quiet);
/*
 * An emulator inside is what a handler starts, and does nothing without one: says so for each architecture that has
 * none on this machine and is not in said, and adds it.
 */
void render_missing(const struct inject_report *report, struct name_set *said);
