/* SPDX-License-Identifier: MIT */
/* Registers handlers: decides for each one, and changes the table in one locked transaction. */
#pragma once

#include "binfmt/items.h"

extern const char *const register_words[];

#define auto_report auto_with(register_done) struct register_report

/*
 * Registers. Refusals and failures of single handlers are in the report. -errno with e set if all of them are affected
 * (no permission, lock held, signal); then nothing was changed, or everything was undone, unless the error is of the
 * last look at handlers that work already.
 */
int register_run(const struct register_options *options, struct register_report *ret, struct err *e);
void register_done(struct register_report *report);
