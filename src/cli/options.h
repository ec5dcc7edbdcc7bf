/* SPDX-License-Identifier: MIT */
/* The option table of a command: name, type, and the struct member that receives the value. */
#pragma once

#include <stddef.h>

#include "arch/name.h"
#include "cli/cli.h"
#include "project/platforms.h"

enum option_type {
	OPTION_NONE = 0,
	OPTION_SWITCH,	 /* sets a bool */
	OPTION_TEXT,	 /* const char *, borrowed from argv */
	OPTION_LIST,	 /* a const char *[] and the size_t that counts its items; repeatable */
	OPTION_CHOICE,	 /* unsigned: index of the word in "one|two|three" */
	OPTION_NUMBER,	 /* unsigned: 1 to max */
	OPTION_PLATFORM, /* struct platform, and a bool set when it was given */
	OPTION_SELECT,	 /* struct platforms: a list, or "all"; repeatable */
	OPTION_NAMES,	 /* struct name_set: a list of platforms or "all"; repeatable */
	OPTION_COLUMNS,	 /* const char *: list of the command's columns */
	OPTION_OTHER,	 /* passed to set() */
};

enum { JOBS_MAX = 64 };
enum { OPT_HELP = 'h' };

struct option_spec {
	int id; /* the short option; 0: none */
	const char *name;
	const char *argument; /* "DIR"; NULL for a switch */
	const char *help;
	enum option_type type;
	size_t offset; /* of the member */
	size_t more;   /* of the member that counts LIST items or flags a PLATFORM */
	size_t max;    /* most items of a LIST; largest NUMBER */
	bool (*is_valid)(const char *argument);
	int (*set)(void *context, const char *argument, struct err *e);
	bool is_hidden; /* older spelling: accepted, not shown */
};

/* Initializers that follow a spec's help: the type, which the compiler checks against the member, and the offset. */
#define OPTION_TYPED(context, member, c_type, option_type)                                                             \
	_Generic(((context *)NULL)->member, c_type : option_type), offsetof(context, member)
#define SWITCH(context, member)		 OPTION_TYPED(context, member, bool, OPTION_SWITCH)
#define TEXT(context, member)		 OPTION_TYPED(context, member, const char *, OPTION_TEXT)
#define CHOICE(context, member)		 OPTION_TYPED(context, member, unsigned, OPTION_CHOICE)
#define NAMES(context, member)		 OPTION_TYPED(context, member, struct name_set, OPTION_NAMES)
#define SELECT(context, member)		 OPTION_TYPED(context, member, struct platforms, OPTION_SELECT)
#define COLUMNS(context, member)	 OPTION_TYPED(context, member, const char *, OPTION_COLUMNS)
#define NUMBER(context, member, largest) OPTION_TYPED(context, member, unsigned, OPTION_NUMBER), .max = (largest)
#define PLATFORM(context, member, flag)                                                                                \
	OPTION_TYPED(context, member, struct platform, OPTION_PLATFORM), .more = offsetof(context, flag)
#define LIST(context, member, count)                                                                                   \
	OPTION_TYPED(context, member[0], const char *, OPTION_LIST),                                                   \
		.more = offsetof(context, count), .max = sizeof(((context *)NULL)->member) / sizeof(const char *)
#define OTHER(function) OPTION_OTHER, .set = (function)

/* Options of several commands; view is a struct table_view, search a struct search. */
#define OPTION_JSON(context, member) 0, "json", NULL, "print the result as JSON", SWITCH(context, member)
#define OPTION_DRY_RUN(context, member)                                                                                \
	0, "dry-run", NULL, "show what would be done and change nothing", SWITCH(context, member)
#define OPTION_QUIET(context, member) 'q', "quiet", NULL, "print errors only", SWITCH(context, member)
#define OPTION_JOBS(context, member)                                                                                   \
	'j', "jobs", "NUMBER", "work on up to NUMBER targets in parallel (default: 1)",                                \
		NUMBER(context, member, JOBS_MAX)
#define OPTION_COLUMN_LIST(context, view) 0, "columns", "COL,...", "columns to print", COLUMNS(context, view.columns)
#define OPTION_NOHEADINGS(context, view)                                                                               \
	0, "noheadings", NULL, "do not print the headings", SWITCH(context, view.no_headings)
/* The name that lsblk(8) uses. */
#define OPTION_OUTPUT_COLUMNS(context, view)                                                                           \
	0, "output", "COL,...", "columns to print", COLUMNS(context, view.columns), .is_hidden = true
#define OPTION_SEARCH(context, search)                                                                                 \
	0, "emulator-dir", "DIR", "search DIR for emulators (repeatable)", LIST(context, search.dirs, search.n_dirs)
#define OPTION_MOUNT(context, member) 0, "mount", "DIR", "binfmt_misc directory to use", TEXT(context, member)

/* For is_valid: not empty; NAME=VALUE. */
bool option_is_given(const char *argument);
bool option_is_assignment(const char *argument);
/*
 * Parses options and operands in any order. Moves the operands to the end of argv, checks their number, and returns the
 * index of the first. -EINVAL with e set; -ECANCELED after showing the help.
 */
int options_parse(const struct command *command, int argc, char **argv, void *context, struct err *e);
