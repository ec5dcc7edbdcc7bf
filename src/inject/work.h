/* SPDX-License-Identifier: MIT */
/* One target on its way, and what the files of this room do with it. */
#pragma once

#include "inject/inject.h"

struct inject_target {
	struct inject *inject;
	const struct inject_options *options;
	const char *name; /* as it was given */
	bool removes;
	struct inject_report *report;
};

/* Errors name the target or another file. */
int inject_root(struct inject_target *target, struct err *e);
bool inject_is_image(const struct inject_target *target);
int inject_image(struct inject_target *target, struct err *e);

/* The emulator for an architecture, opened once for all targets; borrowed. */
int inject_find_source(struct inject *inject, const struct arch *arch, struct inject_source **ret, struct err *e);
/*
 * Whether programs for an architecture run here without an emulator: this machine's own, and others that the kernel
 * takes as well, as i386 on amd64; unless an emulator was named, which then is what is wanted.
 */
bool inject_is_native(const struct inject_options *options, const struct arch *arch);
/* Where the kernel will look for it: the handler's own path when that is not fixed. Owned. */
char *inject_find_place(const struct inject_options *options, const struct arch *arch);

/* Adds an outcome; place and twins are taken over. */
void inject_tell(struct inject_report *report, const struct inject_outcome *outcome);
/* Adds a note about the target. */
void inject_note(struct inject_target *target, const char *fmt, ...) PRINTF_LIKE(2, 3);
