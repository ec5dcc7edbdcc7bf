/* SPDX-License-Identifier: MIT */
/* Why a user namespace cannot be created here, and the command that allows it. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Whether AppArmor confines user namespaces of programs without a profile, and this program has none. */
bool userns_is_confined(void);
/* Appends the command that installs a profile which allows this program to create them. */
void userns_profile(struct buf *out);
/* Explains in e why creating one failed, as far as /proc shows; code is -errno. Returns -EOPNOTSUPP. */
int userns_refused(int code, struct err *e);
