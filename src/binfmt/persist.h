/* SPDX-License-Identifier: MIT */
/* Handlers that return at boot: one file each in /etc/binfmt.d, which systemd-binfmt reads. */
#pragma once

#include "binfmt/rule.h"

/*
 * Writes root/etc/binfmt.d/NAME.conf atomically. A file there that is not ours is -EEXIST unless
 * replace. Ours begin with a comment that says so.
 */
int persist_write(const char *root, const struct rule *rule, bool replace, struct err *e);
/*
 * Whether something reads these files when this machine boots, systemd-binfmt or OpenRC's binfmt; of another root only
 * that its systemd-binfmt is not masked. -EOPNOTSUPP and why nothing does.
 */
int persist_check_reader(const char *root, struct err *e);
/* Every rule that is in the files for the next boot, as binfmt.d(5) has it: a name in a directory hides the later. */
struct persist_rules {
	struct rule *rules;
	size_t n;
};
void persist_load(const char *root, struct persist_rules *ret);
void persist_done(struct persist_rules *rules);
/* Whether one of them takes programs of this architecture, whatever it is called. */
bool persist_restores(const struct persist_rules *rules, const struct arch *arch);
/* Whether there is one of ours for this handler. */
bool persist_has(const char *root, const char *name);
/* Removes ours; 1 when it was there, 0 when not (or not ours), -errno. */
int persist_remove(const char *root, const char *name, struct err *e);
