/* SPDX-License-Identifier: MIT */
/* Taking handlers out: those that look like ours, and others only when they are named exactly. */
#pragma once

#include "base/buf.h"
#include "binfmt/lasting.h"

/* Strings are borrowed. */
struct unregister_options {
	const char *const *words; /* platforms, names of entries, glob patterns */
	size_t n_words;
	bool all;	/* every handler that looks like ours */
	bool transient; /* of those, only what register made and nothing brings back; nothing of binfmt.d */
	bool dry_run;
	const char *mount_at, *root;
	const char *name_prefix; /* which handlers of a platform have before their names; NULL for none */
};

struct unregister_report {
	struct buf removed; /* names, a line each */
	struct buf absent;  /* words for which nothing was there, a line each */
	size_t n_removed, n_absent;
};

/*
 * Removes under the lock. Reaches an instance that is mounted nowhere here through a mount of its own,
 * in the initial user namespace only. -ENOENT for a word that is neither platform, pattern nor entry.
 */
int unregister_run(const struct unregister_options *options, struct unregister_report *ret, struct err *e);
void unregister_done(struct unregister_report *report);
