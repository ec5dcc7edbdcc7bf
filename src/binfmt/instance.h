/* SPDX-License-Identifier: MIT */
/* Finds, mounts, opens and locks the binfmt_misc instance of this user namespace. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

#define INSTANCE_USUAL "/proc/sys/fs/binfmt_misc"

/* An open instance. Its descriptors keep it alive; -1 if not open. */
struct instance {
	int dir;    /* the directory, readable */
	int reg;    /* "register", write-only; also carries the lock */
	int writer; /* socket of the process that registers (binfmt/pin.h); -1: this process does */
	pid_t writer_pid;
};

#define auto_instance auto_with(instance_close) struct instance
#define INSTANCE_INIT                                                                                                  \
	{                                                                                                              \
		.dir = -1, .reg = -1, .writer = -1                                                                     \
	}

enum instance_state {
	INSTANCE_ABSENT = 0, /* not mounted in this mount namespace */
	INSTANCE_VISIBLE,
	INSTANCE_AUTOMOUNT, /* an automount that was not triggered yet */
};

/*
 * Looks for a mounted instance, at this directory or (NULL) at INSTANCE_USUAL and then anywhere. Does not trigger an
 * automount. For INSTANCE_VISIBLE *ret_path is set, owned; else it is NULL.
 */
enum instance_state instance_find(const char *at, char **ret_path);

/* Opens the instance mounted at path, read-only: reg is -1. -ENOTTY if binfmt_misc is not mounted there. */
int instance_open_read(const char *path, struct instance *ret, struct err *e);
/*
 * Whether the instance belongs to this user namespace, not to an ancestor: only root of the owning namespace may
 * reconfigure it (fs/fsopen.c, vfs_cmd_reconfigure()), and reconfiguring without options changes nothing. True if the
 * caller may not use fspick(2).
 */
bool instance_is_own(const struct instance *instance);
/* Opens it for writing. -EOPNOTSUPP if it is mounted read-only, -EPERM without permission to write. */
int instance_open_write(const char *path, struct instance *ret, struct err *e);
/*
 * Opens the instance through a new detached mount (fsopen(2)). On a kernel without fsopen, moves the calling process
 * into a new mount namespace and mounts it there.
 */
int instance_open_detached(struct instance *ret, struct err *e);
/* Opens for writing what is mounted at this directory or (NULL) anywhere; else mounts it there or at INSTANCE_USUAL. */
int instance_open_in_place(const char *at, struct instance *ret, struct err *e);
/* Whether /proc shows processes only (subset=pid), so that INSTANCE_USUAL does not exist. */
bool instance_lacks_place(void);
/* Mounts the instance at path, permanently; 0 also if it is mounted there already. The kernel loads its module. */
int instance_mount(const char *path, struct err *e);
/* Also ends the writer and waits for it, so that this program holds no reference afterwards. */
void instance_close(struct instance *instance);

/*
 * Whether an instance exists that this process does not hold: 1 or 0; -errno if the kernel cannot tell (before 6.6).
 * Tries to create one (FSCONFIG_CMD_CREATE_EXCL), so only for the initial user namespace: in another, the new instance
 * would permanently hide the parent's handlers.
 */
int instance_is_alive(void);

/*
 * Takes the lock that serializes all changes; waits up to LOCK_WAIT_MS. Held until reg is closed, so a killed holder
 * loses it. -EBUSY if another process keeps it, -EINTR on a signal.
 */
int instance_lock(const struct instance *instance, struct err *e);
/* Whether the whole table is enabled ("status"). 1, 0 or -errno. */
int instance_is_enabled(const struct instance *instance);
