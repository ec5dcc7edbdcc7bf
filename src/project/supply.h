/* SPDX-License-Identifier: MIT */
/* Emulators that Dockerfiles copy and the project lacks: copied into it during the build. */
#pragma once

#include "project/flow.h"
#include "rootfs/beneath.h"

struct supplied {
	struct {
		char *path;
		int dir; /* its directory; -1: no file was created */
		struct beneath_made made;
	} files[PLATFORMS_MAX];
	int project;
	size_t n;
};

#define auto_supplied auto_with(supply_done) struct supplied

/*
 * For each emulator that COPY or ADD names and the project lacks, creates the file (and its directories) from this
 * machine's emulator. Replaces nothing; --dry-run only notes. 0, or -errno with e set: -ENOENT if no emulator is
 * installed. Always pass ret to supply_done(), which removes the files.
 */
int supply_begin(const struct flow *f, struct supplied *ret, struct err *e);
void supply_done(struct supplied *supplied);
