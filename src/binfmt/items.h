/* SPDX-License-Identifier: MIT */
/* Options of register, and the result for each handler. */
#pragma once

#include "arch/name.h"
#include "binfmt/rule.h"
#include "emulator/search.h"

enum argv0 {
	ARGV0_AUTO = 0, /* P if emulator and kernel are proven to support it */
	ARGV0_ON,
	ARGV0_OFF,
};

/*
 * Since Linux 6.7, and in stable series with the same cleanup (6.1.107), handlers die with the last reference to their
 * instance: never rely on version numbers. auto mounts in place on the machine itself and in a user namespace (except
 * as its PID 1), pins anywhere else, and falls back to the host's mount namespace if pinning is impossible.
 */
enum lasting {
	LASTING_AUTO = 0,
	LASTING_HOST,
	LASTING_PIN,
	LASTING_MOUNT,
	LASTING_NO,
};

/* "auto", "host", …; NULL-terminated, indexed by enum lasting. */
extern const char *const lasting_words[];

/* Strings are borrowed. Zeroed options register arm and arm64 fixed, verified and lasting. */
struct register_options {
	struct name_set names;
	struct search search;
	enum argv0 argv0;
	enum lasting lasting;
	bool credentials;
	bool no_verify;
	bool replace; /* also other programs' handlers */
	bool force;   /* also architectures that this machine runs natively */
	bool dry_run;
	bool persist;
	bool is_private; /* the table is visible to this command only */
	bool exact;	 /* replace a working entry if its interpreter's path differs */
	bool accelerate; /* add the entry stub to emulators, so that native tools can replace programs of a root */
	struct name_set accelerated; /* only emulators of these; empty: all */
	bool is_unfixed;	     /* without F, as a legacy interface requests */
	const char *mount_at;	     /* mount point of the instance; NULL for INSTANCE_USUAL */
	const char *root;	     /* for emulators and /etc/binfmt.d; NULL for / */
	const char *name_prefix;     /* prefix of handler names; NULL for none */
};

enum verify_verdict {
	VERIFY_GOOD = 0,
	VERIFY_BAD,	/* see item->err */
	VERIFY_SHIFTED, /* the emulator ignores P */
};

enum register_result {
	REGISTER_PENDING = 0,
	REGISTER_PLANNED, /* dry run */
	REGISTER_DONE,	  /* a new handler */
	REGISTER_REPLACED,
	REGISTER_UNCHANGED,
	REGISTER_NATIVE,  /* this machine runs its programs natively; err is set if emulation was requested */
	REGISTER_REFUSED, /* nothing was changed, see err */
	REGISTER_FAILED,
};

/* One handler. */
struct register_item {
	const struct arch *arch;
	size_t match;
	struct rule rule; /* as registered or to be registered */
	struct emulator emulator;
	char version[EMULATOR_VERSION_MAX];
	enum register_result result;
	bool replaces;	   /* an entry of the same name exists */
	bool is_temporary; /* registered under temporary[] */
	bool is_added;	   /* registered under its own name, not verified yet */
	bool is_seen;	   /* verification started this emulator's file */
	bool may_drop_argv0;
	enum verify_verdict verdict; /* set by verify_items() */
	char temporary[RULE_NAME_MAX + 1];
	char note[96]; /* why it is replaced ("was not fixed"), or "registered as PATH" */
	struct err err;
};

enum { REGISTER_ITEMS_MAX = 2 * ARCH_COUNT_MAX };

struct register_report {
	struct register_item items[REGISTER_ITEMS_MAX];
	size_t n;
	enum lasting lasting; /* the method used */
	bool lasts;
	bool is_userns_only;
	bool is_rooted;		   /* verified in an empty root */
	struct err not_lasting;	   /* why handlers do not last */
	struct err not_persistent; /* why nothing reads the files written for the next boot */
	struct buf passed;	   /* candidates that the search rejected, a line each */
	unsigned changes;	   /* number of changed handlers, including removed leftovers */
};
