/* SPDX-License-Identifier: MIT */
/* Pinned registration: handlers that outlive every mount of their instance. */
#pragma once

#include "binfmt/instance.h"
#include "emulator/emulator.h"

/*
 * A fixed handler keeps its interpreter's file open inside the kernel. If that file is on the root mount of a detached
 * mount tree with a binfmt_misc mount as a child, the file holds the root mount, which holds the child, which holds the
 * instance, which holds the handler: a cycle that ends when the handler is removed. The tree is a copy of the mount at
 * /. If an emulator is not on that mount, or / cannot be copied (user namespaces) or is a directory that may be
 * removed, the tree is a new tmpfs with copies of the emulators at the same paths.
 *
 * Starts a process that has such a tree as its root directory and registers the strings it receives; sets
 * instance->writer to its socket. It ends when the socket is closed. -errno with e set if the environment does not
 * allow it.
 */
int pin_start(struct instance *instance, const struct emulator *const *emulators, size_t n, bool is_initial_userns,
	struct err *e);
/*
 * Whether a handler's running interpreter was pinned from this user namespace. If so, the namespace has its own table,
 * and opening it hides no other.
 */
bool pin_is_ours(int exe);
/* Lets the process register one string. 0, or the kernel's -errno; -EIO if the process has died. */
int pin_write(int writer, const char *text, size_t len);
