/* SPDX-License-Identifier: MIT */
/* Opens the table by the method that makes handlers last longest: in place, pinned or through the host. */
#pragma once

#include "binfmt/instance.h"

struct register_options;
struct register_report;

struct surroundings {
	bool is_initial_userns; /* else handlers are valid in this user namespace only */
	bool is_machine;	/* in the mount namespace of the machine's init: mounts stay */
	bool sees_host;		/* the machine's PID 1 is visible (--pid=host) */
};

/* Reads /proc only; assumes a container if it cannot tell. */
struct surroundings lasting_look(void);

/* Opens or mounts the table by the requested method; sets report's lasting, lasts and not_lasting. -errno with e. */
int lasting_open(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *ret, struct err *e);
/*
 * To be called before the first write. Starts pinning if that is the method. If pinning fails, mounts in the host's
 * namespace or records that handlers do not last; -EOPNOTSUPP if pinning was requested explicitly.
 */
int lasting_pin(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *instance, struct err *e);
