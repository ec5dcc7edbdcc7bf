/* SPDX-License-Identifier: MIT */
/* Everything before the command: namespaces, handlers, the root that is entered, the user. */
#pragma once

#include "accel/toolchains.h"
#include "binfmt/register.h"
#include "run/enter.h"

/* Strings are borrowed. A zeroed one registers every emulator that is found. */
struct run_request {
	struct register_options registering;
	struct enter_request entering;
	struct toolchains toolchains; /* for entering: must live as long as the process */
	struct twins *twins;
	const char *root; /* the root file system to enter; NULL: none */
	bool has_user;
	unsigned long uid, gid; /* of the namespace */
	struct name_set served; /* what run_prepare() has registered */
};

/*
 * Takes this process into a user namespace of its own, registers, and enters the root. What was done stays done on an
 * error: then the process can only end. -EOPNOTSUPP where the environment does not allow it, -errno; e is set.
 */
int run_prepare(struct run_request *request, struct err *e);
/* After run_prepare(): -ENOEXEC with e set where the kernel has nothing that runs programs of arch, else 0. */
int run_check_served(const struct run_request *request, const struct arch *arch, struct err *e);
/* The shell of this user by /etc/passwd of the root that was entered; /bin/sh. Text to be freed. */
char *run_shell(void);
