/* SPDX-License-Identifier: MIT */
/* Handlers that return at boot: one file each in /etc/binfmt.d, which systemd-binfmt reads. */
#pragma once

#include "binfmt/rule.h"

/*
 * Writes root/etc/binfmt.d/NAME.conf atomically. A file there that is not ours is -EEXIST unless
 * replace. Ours begin with a comment that says so.
 */
int persist_write(const char *root, const struct rule *rule, bool replace, struct err *e);
/* Whether there is one of ours for this handler. */
bool persist_has(const char *root, const char *name);
/* Removes ours; 1 when it was there, 0 when not (or not ours), -errno. */
int persist_remove(const char *root, const char *name, struct err *e);
