/* SPDX-License-Identifier: MIT */
/* Native tools in a root file system that nobody trusts: put there whole, taken out without a trace. */
#pragma once

#include "accel/twins.h"
#include "rootfs/inject.h"

/* Which tools of the root have an equal. 0 or -errno with e set. */
int accelerate_find(int root, const struct toolchain *toolchain, struct twins *ret, struct err *e);
/*
 * Puts the tools that are equal, what they need and their index into ENTRY_PLACE_ROOT below root, in one step: before
 * it is there as a whole it has another name. -EBADMSG when the directory would not be root's alone or something else
 * is in its place, -EIO of the disk; then the tree is as it was.
 */
int accelerate_put(int root, const struct twins *twins, bool dry_run, enum inject_result *ret, struct err *e);

/*
 * The same into an open empty directory of a mount namespace of our own, which has this path when the root is entered:
 * the files are shown there (bind mounts) where they are root's in it, else copied. 0, -EIO or -errno with e set.
 */
int accelerate_show(
	int dir, const struct toolchain *toolchain, const struct twins *twins, const char *place, struct err *e);

enum accelerate_state {
	ACCELERATE_NONE = 0,
	ACCELERATE_GOOD,
	ACCELERATE_BROKEN, /* the stub would not take it, or a tool is not what it was: those run emulated */
};
/*
 * Looks at what is there as the stub would, and at all of its bytes. tools receives the names of those that serve, lost
 * of those that do not, blank-separated, why the first reason.
 */
int accelerate_look(int root, enum accelerate_state *ret, struct buf *tools, struct buf *lost, struct buf *why);
