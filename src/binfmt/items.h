/* SPDX-License-Identifier: MIT */
/* What register is asked for, and what becomes of each handler. */
#pragma once

#include "arch/name.h"
#include "binfmt/lasting.h"
#include "binfmt/rule.h"
#include "emulator/search.h"

enum argv0 {
	ARGV0_AUTO = 0, /* P where emulator and kernel are shown to understand it */
	ARGV0_ON,
	ARGV0_OFF,
};

/* Strings are borrowed. A zeroed one registers arm and arm64 fixed, verified and lasting. */
struct register_options {
	struct name_set names;
	struct search search;
	enum argv0 argv0;
	enum lasting lasting;
	bool credentials;
	bool no_verify;
	bool replace; /* also handlers that are not ours */
	bool force;   /* also what this machine runs natively */
	bool dry_run;
	bool persist;
	bool is_private; /* a table that only this command sees */
	bool exact;	 /* an entry that works under another interpreter path does not do */
	bool accelerate; /* emulators get the entry stub, so that native tools can stand in for programs of a root */
	struct name_set accelerated; /* only of these; none: all */
	bool is_unfixed;	     /* without F: an interface of old asks for it */
	const char *mount_at;	     /* the instance's directory instead of the usual place */
	const char *root;	     /* for emulators and /etc/binfmt.d; NULL for / */
	const char *name_prefix;     /* before handler names; NULL for none */
};

enum verify_verdict {
	VERIFY_GOOD = 0,
	VERIFY_BAD,	/* item->err says how */
	VERIFY_SHIFTED, /* the emulator ignores P */
};

enum register_result {
	REGISTER_PENDING = 0,
	REGISTER_PLANNED, /* dry run */
	REGISTER_DONE,	  /* a new handler */
	REGISTER_REPLACED,
	REGISTER_UNCHANGED,
	REGISTER_NATIVE,  /* this machine runs it by itself; with an error where it was to be emulated */
	REGISTER_REFUSED, /* nothing was changed for it: err says why */
	REGISTER_FAILED,
};

/* One handler. */
struct register_item {
	const struct arch *arch;
	size_t match;
	struct rule rule; /* as it is (to be) registered */
	struct emulator emulator;
	char version[EMULATOR_VERSION_MAX];
	enum register_result result;
	bool replaces;	   /* an entry of the same name is there */
	bool is_temporary; /* serves under temporary[] */
	bool is_added;	   /* serves under its own name, not yet proven */
	bool is_seen;	   /* the proof ran in this very emulator's file */
	bool may_drop_argv0;
	enum verify_verdict verdict; /* of verify_items() */
	char temporary[RULE_NAME_MAX + 1];
	char note[96]; /* "was: not fixed", "another registrar's" */
	struct err err;
};

enum { REGISTER_ITEMS_MAX = 2 * ARCH_COUNT_MAX };

struct register_report {
	struct register_item items[REGISTER_ITEMS_MAX];
	size_t n;
	enum lasting lasting; /* the way that was taken */
	bool lasts;
	bool is_userns_only;
	bool is_rooted;		   /* verified in an empty root */
	struct err not_lasting;	   /* why it does not last */
	struct err not_persistent; /* why what was written for the next boot is read by nobody */
	struct buf passed;	   /* what was passed over in the search, a line each */
	unsigned changes;	   /* handlers that are not as they were, leftovers swept included */
};
