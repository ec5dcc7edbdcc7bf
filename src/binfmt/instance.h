/* SPDX-License-Identifier: MIT */
/* The binfmt_misc instance of this user namespace: found, mounted, opened, locked. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

#define INSTANCE_USUAL "/proc/sys/fs/binfmt_misc"

/* An opened instance. Descriptors keep it alive; -1 where not opened. */
struct instance {
	int dir;    /* the directory, readable */
	int reg;    /* "register", write-only: also what the lock is held on */
	int writer; /* socket of the process that registers for us (binfmt/pin.h); -1: we do */
	pid_t writer_pid;
};

#define auto_instance auto_with(instance_close) struct instance
#define INSTANCE_INIT                                                                                                  \
	{                                                                                                              \
		.dir = -1, .reg = -1, .writer = -1                                                                     \
	}

enum instance_state {
	INSTANCE_ABSENT = 0, /* mounted nowhere in this mount namespace */
	INSTANCE_VISIBLE,
	INSTANCE_AUTOMOUNT, /* an automount that nobody has triggered yet */
};

/*
 * Looks for a mounted instance, at this directory or (NULL) at the usual place and then anywhere, and
 * changes nothing: an automount is not triggered. With INSTANCE_VISIBLE *ret_path is set, owned.
 */
enum instance_state instance_find(const char *at, char **ret_path);

/* Opens what is mounted there. -ENOTTY when the directory is not binfmt_misc. Read-only: reg is -1. */
int instance_open_read(const char *path, struct instance *ret, struct err *e);
/*
 * Whether it belongs to this user namespace, not to one above from which it is inherited: only its own root may
 * reconfigure it (fs/fsopen.c, vfs_cmd_reconfigure()), which without options changes nothing. True where the caller
 * may not even ask.
 */
bool instance_is_own(const struct instance *instance);
/* The same for writing; -EOPNOTSUPP and the reason (read-only, not root) when that is not allowed. */
int instance_open_write(const char *path, struct instance *ret, struct err *e);
/*
 * Opens the instance through a mount of its own that is attached nowhere (fsopen(2)), or where the
 * kernel has no fsopen through one in a new mount namespace: call it in a worker process.
 */
int instance_open_detached(struct instance *ret, struct err *e);
/* What is mounted at this directory or (NULL) anywhere, for writing; else mounted there, or at the usual place. */
int instance_open_in_place(const char *at, struct instance *ret, struct err *e);
/* Whether /proc shows processes only (subset=pid), so that INSTANCE_USUAL does not exist. */
bool instance_lacks_place(void);
/* Mounts it there and leaves it mounted; a mount that is there already is fine. The kernel loads its module. */
int instance_mount(const char *path, struct err *e);
/* Also ends the writer and waits for it, so that nothing of ours is held afterwards. */
void instance_close(struct instance *instance);

/*
 * Whether an instance is alive although we hold none: 1 or 0, -errno when the kernel cannot tell
 * (before 6.6). Asks by creating one (FSCONFIG_CMD_CREATE_EXCL), so only for the initial user
 * namespace: in another it would hide the parent's handlers for good.
 */
int instance_is_alive(void);

/*
 * Takes the lock that serialises all changes, waiting for it. Held until the descriptor is
 * closed; a killed holder loses it. -EBUSY when somebody else keeps it, -EINTR on a signal.
 */
int instance_lock(const struct instance *instance, struct err *e);
/* Whether the whole table is switched on ("status"). 1, 0 or -errno. */
int instance_is_enabled(const struct instance *instance);
