/* SPDX-License-Identifier: MIT */
/* Emulators that Dockerfiles copy from the project and that it does not have: put there while it is built. */
#pragma once

#include "project/flow.h"
#include "rootfs/beneath.h"

struct supplied {
	struct {
		char *path;
		int dir; /* that it is in; -1: nothing was put there */
		struct beneath_made made;
	} files[PLATFORMS_MAX];
	int project;
	size_t n;
};

#define auto_supplied auto_with(supply_done) struct supplied

/*
 * Looks at what COPY and ADD name in each platform's Dockerfile, and puts this machine's emulator where one of that
 * platform is missing, also its directory. Nothing is replaced; with --dry-run it is only noted. 0, or -errno with e
 * set: -ENOENT when no emulator is installed. ret is to be given to supply_done() also then, which removes what was put
 * there.
 */
int supply_begin(const struct flow *f, struct supplied *ret, struct err *e);
void supply_done(struct supplied *supplied);
