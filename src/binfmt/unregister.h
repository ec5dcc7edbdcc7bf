/* SPDX-License-Identifier: MIT */
/* Removes handlers: those that look like anyarch's, and others only if named exactly. */
#pragma once

#include "base/err.h"
#include "binfmt/lasting.h"

/* Strings are borrowed. */
struct unregister_options {
	const char *const *words; /* platforms, names of entries, glob patterns */
	size_t n_words;
	bool all;	/* every handler that looks like anyarch's */
	bool transient; /* of those, only handlers that register made and no file restores; no files of binfmt.d */
	bool dry_run;
	const char *mount_at, *root;
	const char *name_prefix; /* prefix of a platform's handler names; NULL for none */
};

struct unregister_report {
	char **removed; /* names and files, escaped */
	char **absent;	/* words that matched nothing, escaped */
	size_t n_removed, n_absent;
};

/*
 * Removes with the lock held. Opens an instance that is not mounted here through a detached mount, unless that could
 * hide inherited handlers (-EOPNOTSUPP). -ENOENT for a word that is not a platform, pattern or entry.
 */
int unregister_run(const struct unregister_options *options, struct unregister_report *ret, struct err *e);
void unregister_done(struct unregister_report *report);
