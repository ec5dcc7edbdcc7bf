/* SPDX-License-Identifier: MIT */
/* Native tools in an untrusted root file system: added atomically, removed without a trace. */
#pragma once

#include "accel/twins.h"
#include "rootfs/inject.h"

/* Finds the root's tools that have an identical native one. 0 or -errno with e set. */
int accelerate_find(int root, const struct toolchain *toolchain, struct twins *ret, struct err *e);
/*
 * Puts the identical tools, their libraries and index into ENTRY_PLACE_ROOT below root, in one step: until complete,
 * the directory has another name. -EBADMSG if others than root could write to it or the path is taken, -EIO for a disk
 * error; then the tree is unchanged.
 */
int accelerate_put(int root, const struct twins *twins, bool dry_run, enum inject_result *ret, struct err *e);

/*
 * The same into an open empty directory of a private mount namespace, whose path in the root is place. Bind-mounts
 * files that belong to root there, copies the others. 0, -EIO or -errno with e set.
 */
int accelerate_show(
	int dir, const struct toolchain *toolchain, const struct twins *twins, const char *place, struct err *e);

enum accelerate_state {
	ACCELERATE_NONE = 0,
	ACCELERATE_GOOD,
	ACCELERATE_BROKEN, /* the stub would reject it, or a tool has changed: those run emulated */
};
/*
 * Checks the installed tools as the stub does, and all of their bytes. tools receives the names of those that work,
 * lost of those that do not, blank-separated, why the first reason.
 */
int accelerate_look(int root, enum accelerate_state *ret, struct buf *tools, struct buf *lost, struct buf *why);
