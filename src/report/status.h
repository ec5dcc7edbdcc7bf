/* SPDX-License-Identifier: MIT */
/* What this machine runs, and by what: collected once, without changing anything. */
#pragma once

#include "arch/name.h"
#include "base/column.h"
#include "binfmt/lasting.h"
#include "binfmt/table.h"
#include "emulator/emulator.h"

enum status_state {
	STATUS_NATIVE = 0,
	STATUS_EMULATED,
	STATUS_BROKEN,	 /* a handler takes it, and its probe fails */
	STATUS_SHADOWED, /* a newer handler takes what this one would */
	STATUS_DISABLED,
	STATUS_MISSING,	 /* nothing takes it */
	STATUS_FOREIGN,	 /* an entry for something else */
	STATUS_UNTESTED, /* a handler takes it, and nothing can be started here to try it */
};

extern const char *const status_words[];

/* A row: an architecture with what takes it, or a table entry that takes nothing now. */
struct status_row {
	const struct arch *arch; /* NULL for STATUS_FOREIGN */
	enum status_state state;
	const struct rule *rule; /* the entry, inside status->table; NULL when native, missing or unreadable */
	bool is_verified;	 /* its probe ran in an empty root, or its handler is seen to need nothing from any */
	bool is_accelerating;	 /* its emulator has the entry stub */
	bool is_persistent;	 /* a file of binfmt.d brings a handler for it back at boot, and something reads that */
	char version[EMULATOR_VERSION_MAX];
	char why[256]; /* of broken and not tested, and remarks; "" for none */
};

enum { STATUS_ROWS_MAX = 512, STATUS_COLUMNS_MAX = 16 };

/* What a table shows of a row, ending with a zeroed one. */
extern const struct column status_columns[];
/* The cells of a row in that order; NULL or "" for none. They live as long as this, the row and its table. */
struct status_cells {
	const char *list[STATUS_COLUMNS_MAX];
	char flags[RULE_FLAGS_TEXT];
	struct buf platform; /* owned */
};
void status_cells(const struct status_row *row, struct status_cells *ret);

struct status {
	struct table table;
	struct status_row rows[STATUS_ROWS_MAX];
	size_t n;
	enum instance_state instance;
	char *path; /* where the table is mounted; owned, NULL when not here */
	bool is_readable;
	bool is_inherited;   /* from a user namespace above this one */
	bool is_off;	     /* the whole table is switched off */
	bool is_emulating;   /* some handler works */
	bool is_untested;    /* no test program could be started, and no table was read */
	char *untested_hint; /* what lets test programs be started; owned, NULL where they were, or where nothing is
				known */
	struct surroundings around;
};

/*
 * Collects. Never mounts, never triggers an automount, never writes; works for any user. names limits
 * the rows to these architectures (empty: everything there is, and arm and arm64 in any case). With
 * may_look_inside a table that is alive and mounted nowhere here is read through a detached mount, in
 * the initial user namespace only.
 */
int status_collect(
	const char *mount_at, bool may_look_inside, const struct name_set *names, struct status *ret, struct err *e);
void status_done(struct status *status);
/* How long the table lives: a word for programs, and the end of a sentence that begins with "lasts". */
struct status_lasting {
	const char *word, *text;
};
struct status_lasting status_lasting(const struct status *status);
/* Whether this architecture runs, natively or through a proven fixed handler. */
bool status_works(const struct status *status, const struct arch *arch);
/* Whether it runs natively, or by an emulator that lets native tools stand in. */
bool status_accelerates(const struct status *status, const struct arch *arch);
/* Whether nobody can tell from here: it runs in this root, no empty one can be had, and the table is not to be seen. */
bool status_is_unproven(const struct status *status, const struct arch *arch);
