/* SPDX-License-Identifier: MIT */
/* Makes a root file system the root of this process and mounts /proc, /sys and /dev in it. */
#pragma once

#include "accel/root.h"

enum { ENTER_BINDS_MAX = 32 };

struct enter_request {
	const char *binds[ENTER_BINDS_MAX]; /* "SRC:DST" */
	size_t n_binds;
	const char *workdir;		   /* path inside the root; NULL: / */
	bool keep_tmp;			   /* no tmpfs on /tmp */
	const struct toolchain *toolchain; /* native tools to show at ENTRY_PLACE_RUN */
	const struct twins *twins;	   /* which of them are identical to the root's; NULL: show none */
};

/*
 * In a private mount namespace: binds root onto itself, mounts /proc, /sys (read-only), device nodes, resolv.conf, a
 * tmpfs on /tmp and the requested binds in it, then pivots. Mount points are resolved inside the root, so its symlinks
 * cannot lead outside. A missing mount point is skipped, except for binds and tools. 0, or -errno with e set.
 */
int enter_root(int root, const struct enter_request *request, struct err *e);
