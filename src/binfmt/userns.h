/* SPDX-License-Identifier: MIT */
/* Why no user namespace can be made here, and what to type about it. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Whether AppArmor confines user namespaces of programs without a profile, and this one is known to have none. */
bool userns_is_confined(void);
/* The command that gives this program a profile with the right to them. */
void userns_profile(struct buf *out);
/* What refused it, as far as that can be read; code is the errno. -EOPNOTSUPP with e set. */
int userns_refused(int code, struct err *e);
