/* SPDX-License-Identifier: MIT */
/* Prepares this process for the command: namespaces, handlers, root file system, user. */
#pragma once

#include "accel/toolchains.h"
#include "binfmt/register.h"
#include "run/enter.h"

/* Strings are borrowed. A zeroed request registers every emulator found. */
struct run_request {
	struct register_options registering;
	struct enter_request entering;
	struct toolchains toolchains; /* entering points into it: must live as long as the process */
	struct twins *twins;
	const char *root; /* the root file system to enter; NULL: none */
	bool has_user;
	unsigned long uid, gid; /* IDs inside the user namespace */
	struct name_set served; /* architectures that run_prepare() registered */
	int outside;		/* with root: the previous root directory, until run_explain() */
};

/*
 * Moves this process into a new user namespace, registers handlers and enters the root. An error does not undo the
 * previous steps: the process can then only exit. 0, -EOPNOTSUPP if the environment forbids it, or -errno; e is set.
 */
int run_prepare(struct run_request *request, struct err *e);
/*
 * After run_prepare(), before the command starts: why its architecture has no handler, for the case that the kernel
 * does not execute it; ret_why stays empty if it has one. Closes the previous root directory, which a link of the root
 * that leads through /proc/self/fd would otherwise find. 0, or -errno with e set: the process can then only exit.
 */
int run_explain(struct run_request *request, const struct arch *arch, struct err *ret_why, struct err *e);
/* The effective user's shell according to /etc/passwd of the entered root, else /bin/sh. The caller frees it. */
char *run_shell(void);
