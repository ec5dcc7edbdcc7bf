/* SPDX-License-Identifier: MIT */
/* Registering handlers: decided per handler, done as one locked transaction. */
#pragma once

#include "binfmt/items.h"

extern const char *const register_words[];

#define auto_report auto_with(register_done) struct register_report

/*
 * Registers. Refusals and failures of single handlers are in the report; the return value is for what
 * concerns all of them (no permission, lock held, signal), and then nothing was changed or all of it
 * was taken back.
 */
int register_run(const struct register_options *options, struct register_report *ret, struct err *e);
void register_done(struct register_report *report);
