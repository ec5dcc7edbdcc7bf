/* SPDX-License-Identifier: MIT */
/* One target, and the functions of this folder that process it. */
#pragma once

#include "inject/inject.h"

struct inject_target {
	struct inject *inject;
	const struct inject_options *options;
	const char *name; /* as specified by the user */
	struct inject_report *report;
};

/* Process one target. 0 or -errno with e set, which names the target or another file. */
int inject_root(struct inject_target *target, struct err *e);
bool inject_is_image(const struct inject_target *target);
int inject_image(struct inject_target *target, struct err *e);

/* The emulator for an architecture, opened once for all targets; owned by inject. 0 or -errno with e set. */
int inject_find_source(struct inject *inject, const struct arch *arch, struct inject_source **ret, struct err *e);
/*
 * Whether programs for an architecture run on this machine without an emulator: its own, and others that the kernel
 * supports, as i386 on amd64. If an emulator was specified, only this machine's own is native.
 */
bool inject_is_native(const struct inject_options *options, const struct arch *arch);
/* Where the kernel looks for the emulator: the handler's path unless it has flag F, else a default. To be freed. */
char *inject_find_place(const struct inject_options *options, const struct arch *arch);

/* Appends an outcome; the report owns its place and twins afterwards. */
void inject_tell(struct inject_report *report, const struct inject_outcome *outcome);
/* Appends a note about the target. */
void inject_note(struct inject_target *target, const char *fmt, ...) PRINTF_LIKE(2, 3);
