/* SPDX-License-Identifier: MIT */
/* Pinned registration: handlers that outlive every mount of their instance. */
#pragma once

#include "binfmt/instance.h"
#include "emulator/emulator.h"

/*
 * A fixed handler keeps its interpreter's file open inside the kernel. When that file lies on the root
 * mount of a detached mount tree which has a binfmt_misc mount as a child, the file holds the root
 * mount, that its child, that the instance, and that the handler: a cycle which ends when the handler
 * is removed. The tree is a copy of the mount at /, or, where an emulator is not on that, / cannot be
 * copied (user namespaces) or is a directory that may be removed, a fresh tmpfs with copies of the emulators under the
 * same paths.
 *
 * Starts a process that has such a tree as its root directory and registers what it is told; sets
 * instance->writer to its socket. It ends when that is closed. -errno with e set where the environment
 * does not allow it.
 */
int pin_start(struct instance *instance, const struct emulator *const *emulators, size_t n, struct err *e);
/*
 * Whether a file that runs for a handler was pinned from this very user namespace, so that the namespace has a table
 * of its own and a look at it hides nobody else's.
 */
bool pin_is_ours(int exe);
/* Has it register one string. 0 or the kernel's -errno. */
int pin_write(int writer, const char *text, size_t len);
