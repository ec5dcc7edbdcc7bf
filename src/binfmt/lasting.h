/* SPDX-License-Identifier: MIT */
/* How long handlers live, and the methods that make them live longer. */
#pragma once

#include "binfmt/instance.h"

/*
 * Since Linux 6.7, and in stable series with the same cleanup (6.1.107), handlers die with the last reference to their
 * instance: never rely on version numbers. auto mounts in place on the machine itself and in a user namespace (except
 * as its PID 1), pins anywhere else, and falls back to the host's mount namespace if pinning is impossible.
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
	bool is_machine;	/* in the mount namespace of the machine's init: mounts stay */
	bool sees_host;		/* the machine's PID 1 is visible (--pid=host) */
};

/* Reads /proc only; assumes a container if it cannot tell. */
struct surroundings lasting_look(void);

/*
 * Opens the host's instance for writing through /proc/1/ns/mnt (mounts it or triggers an automount if needed), and
 * returns to this mount namespace and root. -errno with e set.
 */
int lasting_open_host(struct instance *ret, struct err *e);
