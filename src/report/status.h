/* SPDX-License-Identifier: MIT */
/* What this machine runs, and by which handlers: collected once, without changing anything. */
#pragma once

#include "arch/name.h"
#include "base/column.h"
#include "binfmt/lasting.h"
#include "binfmt/table.h"
#include "emulator/emulator.h"

enum status_state {
	STATUS_NATIVE = 0,
	STATUS_EMULATED,
	STATUS_BROKEN,	 /* a handler matches, and its probe fails */
	STATUS_SHADOWED, /* a newer handler matches the same programs */
	STATUS_DISABLED,
	STATUS_MISSING,	 /* no handler matches */
	STATUS_FOREIGN,	 /* an entry for other files */
	STATUS_UNTESTED, /* a handler matches, but no test program can be started here */
};

extern const char *const status_words[];

/* A row: an architecture with its handler, or an unused table entry. */
struct status_row {
	const struct arch *arch; /* NULL for STATUS_FOREIGN */
	enum status_state state;
	const struct rule *rule; /* the entry, inside status->table; NULL when native, missing or unreadable */
	bool is_verified;     /* the probe ran in an empty root, or the handler is known to need no file of the root */
	bool is_accelerating; /* its emulator has the entry stub */
	bool is_persistent;   /* a file of binfmt.d restores its handler at boot, and a service reads that */
	char version[EMULATOR_VERSION_MAX];
	char why[256]; /* reason for broken and not tested, and remarks; "" */
};

enum { STATUS_ROWS_MAX = 512, STATUS_COLUMNS_MAX = 16 };

/* The columns of a row; ends with a zeroed one. */
extern const struct column status_columns[];
/* The cells of a row in that order; NULL or "" for none. Valid as long as this struct, the row and its table. */
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
	char *path; /* mount point of the table; owned, NULL if not mounted here */
	bool is_readable;
	bool is_inherited;   /* from a user namespace above this one */
	bool is_off;	     /* the whole table is switched off */
	bool is_emulating;   /* some handler works */
	bool is_untested;    /* no test program could be started, and no table was read */
	char *untested_hint; /* how to allow test programs; owned, NULL if they ran or nothing is known */
	struct surroundings around;
};

/*
 * Collects the status for any user. Never mounts, never triggers an automount, never writes. names limits the rows to
 * these architectures (empty: all that exist, and always arm and arm64). With may_look_inside, reads a table that is in
 * use but not mounted here through a detached mount, in the initial user namespace only.
 */
int status_collect(
	const char *mount_at, bool may_look_inside, const struct name_set *names, struct status *ret, struct err *e);
void status_done(struct status *status);
/* How long the table lasts: a word for programs, and the end of a sentence that begins with "lasts". */
struct status_lasting {
	const char *word, *text;
};
struct status_lasting status_lasting(const struct status *status);
/* Whether programs of this architecture run, natively or by a tested fixed handler. */
bool status_works(const struct status *status, const struct arch *arch);
/* Whether they run natively, or by an emulator that starts native tools. */
bool status_accelerates(const struct status *status, const struct arch *arch);
/* Whether this is unknown: they run in this root, but no empty root is available and the table is not visible. */
bool status_is_unproven(const struct status *status, const struct arch *arch);
