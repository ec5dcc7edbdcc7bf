/* SPDX-License-Identifier: MIT */
/* How long handlers live here, and which way to make them live longer. */
#pragma once

#include "binfmt/instance.h"

/*
 * Since Linux 6.7, and in older series that took the same clean-up (6.1.107), handlers die with the last
 * reference to their instance: never go by version numbers. auto
 * mounts in place on the machine itself (and in a user namespace, which is all that its handlers are
 * for), pins anywhere else, and where that is impossible goes through the host's mount namespace.
 */
enum lasting {
	LASTING_AUTO = 0,
	LASTING_HOST,
	LASTING_PIN,
	LASTING_MOUNT,
	LASTING_NO,
};

/* "auto", "host", …; NULL-terminated, indexed by enum lasting. */
extern const char *const lasting_words[];

struct surroundings {
	bool is_initial_userns; /* else handlers are valid in this user namespace only */
	bool is_machine;	/* the mount namespace of the machine's init: what is mounted here stays */
	bool sees_host;		/* the machine's PID 1 is visible (--pid=host) */
};

/* Looks at /proc only; what cannot be seen counts as a container. */
struct surroundings lasting_look(void);

/*
 * Opens the host's instance for writing through /proc/1/ns/mnt, mounting it there when it is not
 * (and triggering an automount), and comes back to this mount namespace and root. -errno with e set.
 */
int lasting_open_host(struct instance *ret, struct err *e);
