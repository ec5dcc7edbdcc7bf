/* SPDX-License-Identifier: MIT */
/* Handlers registered at boot: one file each in /etc/binfmt.d, which systemd-binfmt reads. */
#pragma once

#include "binfmt/rule.h"

/*
 * Writes root/etc/binfmt.d/NAME.conf atomically. -EEXIST if another program wrote that file, unless replace. Files of
 * anyarch begin with a comment that says so.
 */
int persist_write(const char *root, const struct rule *rule, bool replace, struct err *e);
/*
 * Checks that systemd-binfmt or OpenRC's binfmt reads these files when this machine boots; for another root only that
 * its systemd-binfmt is not masked. 0, or -EOPNOTSUPP with the reason in e.
 */
int persist_check_reader(const char *root, struct err *e);
/* All rules for the next boot, as in binfmt.d(5): a file hides files of the same name in later directories. */
struct persist_rules {
	struct rule *rules;
	size_t n;
};
void persist_load(const char *root, struct persist_rules *ret);
void persist_done(struct persist_rules *rules);
/* Whether one of the rules matches programs of this architecture, whatever its name. */
bool persist_restores(const struct persist_rules *rules, const struct arch *arch);
/* Whether anyarch wrote a file for this handler. */
bool persist_has(const char *root, const char *name);
/* Removes anyarch's file for this handler: 1 if removed, 0 if absent or another program's, or -errno. */
int persist_remove(const char *root, const char *name, struct err *e);
