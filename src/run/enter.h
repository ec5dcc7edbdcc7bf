/* SPDX-License-Identifier: MIT */
/* Making a root file system the root of this process, with what programs expect in it. */
#pragma once

#include "accel/root.h"

enum { ENTER_BINDS_MAX = 32 };

struct enter_request {
	const char *binds[ENTER_BINDS_MAX]; /* "SRC:DST" */
	size_t n_binds;
	const char *workdir;		   /* inside; NULL: / */
	bool keep_tmp;			   /* no tmpfs on /tmp */
	const struct toolchain *toolchain; /* native tools for ENTRY_PLACE_RUN, as far as they equal; NULL: none */
	const struct twins *twins;
};

/*
 * In a mount namespace of our own: binds the directory, /proc, /sys (read-only), device nodes, resolv.conf, a tmpfs on
 * /tmp, and the binds into it, then pivots. Every place is resolved inside the root, so that its links
 * lead nowhere else; a place that is missing is passed over, except for binds. -errno with e set.
 */
int enter_root(int root, const struct enter_request *request, struct err *e);
