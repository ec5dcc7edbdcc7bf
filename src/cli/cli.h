/* SPDX-License-Identifier: MIT */
/* Shared by all commands: the table of commands, options, output and exit statuses. */
#pragma once

#include <stdio.h>

#include "base/buf.h"
#include "base/column.h"
#include "base/err.h"
#include "base/json.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_TROUBLE = 1, /* the kernel or the disk failed; the previous state is kept */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,     /* input refused, mismatched or unhealthy */
	EXIT_CANNOT = 4,      /* not possible here: privilege, kernel, read-only */
	EXIT_NOT_LASTING = 5, /* done, but the handlers will not last */
	EXIT_LOCKED = 75,
	EXIT_SIGNAL = 128,
};

struct option_spec;

/* A command. main() and the help iterate over the table of these. */
struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	/* context holds what the options set, words the operands. Returns an exit status, or -errno with e set. */
	int (*run)(void *context, int n, char **words, struct err *e);
	const struct option_spec *specs;  /* ends with a zeroed one */
	size_t context_size;		  /* of the struct that the options set; zeroed first */
	const struct column *columns;	  /* of --columns; NULL: no table */
	void (*done)(void *context);	  /* frees what the options own; may be NULL */
	bool is_raw;			  /* run() parses the options itself */
	bool stops_at_words;		  /* options end at the first operand */
	unsigned least_words, most_words; /* number of operands; most_words 0: no limit */
	int failure;			  /* exit status of every error; 0: by the error */
	const char *examples;		  /* indented lines for --help; the manual has the same */
};

/* Defined in main.c; ends with NULL. */
extern const struct command *const commands[];
/* Runs a command; argv[0] is its name. Reports errors and returns the exit status. */
int command_run(const struct command *command, int argc, char **argv);
/* Reports an unknown command, with the nearest known one as a hint. Returns the exit status. */
int unknown_command(const char *name);
extern const struct command cmd_register, cmd_unregister, cmd_status, cmd_inspect, cmd_doctor, cmd_inject, cmd_convert,
	cmd_index, cmd_eject, cmd_init, cmd_render, cmd_build, cmd_run, cmd_toolchain, cmd_names, cmd_oneshot,
	cmd_completion;

/* ---- version.c ---- */

/* "2da5c4b8f6a1", with "-dirty" appended if files were changed since; or "unknown". */
extern const char build_commit[];
/* Prints the version, the commit, the libraries and the emulators. Returns an exit status. */
int show_version(void);

/* ---- output.c ---- */

/* Prints "anyarch: WHAT: WHY" and "hint: …" to stderr, each escaped and on one line. */
void say_error(const struct err *e);
/* From now on, prints hints before their errors: some callers show the last line of stderr as the reason. */
void say_reasons_last(void);
/* Prints a line, escaped except for the prefix: part of the answer, a warning, or a note. */
void say(FILE *out, const char *prefix, const char *fmt, ...) PRINTF_LIKE(3, 4);
#define say_line(...)	 say(stdout, "", __VA_ARGS__)
#define say_warning(...) say(stderr, "anyarch: warning: ", __VA_ARGS__)
#define say_note(...)	 say(stderr, "anyarch: ", __VA_ARGS__)
/* For several targets: how many failed, and the highest exit status. */
struct failures {
	size_t n;
	int status;
};
/* Reports the error of one target and counts it. say_summary() prints the totals of n targets. */
void say_failure(const struct err *e, struct failures *failures);
void say_summary(size_t n, const struct failures *failures);
/* The exit status for an error code. */
int exit_for(int code);
/* Reports the error and returns its exit status. */
int exit_with(const struct err *e);
/* From now on, lack of memory ends the program with EXIT_TROUBLE and a message of one line. */
void prepare_for_end(void);
/* Prints a JSON document and frees it. EXIT_DONE or EXIT_TROUBLE. */
int print_json(struct json *document);
/* Flushes stdout. Returns status; if that fails, reports it and returns EXIT_TROUBLE. */
int finish_output(int status);

/* ---- progress.c ---- */

/* From now on, shows a line on standard error, if it is a terminal, for work that takes longer than 0.5 seconds. */
void progress_start(void);
/* Erases the line, so that other output starts there. Async-signal-safe. */
void progress_clear(void);

/* ---- table.c ---- */

enum { GRID_COLUMNS_MAX = 16 };

/* Rows of cells. A NULL cell is "-" in text and null in JSON; COLUMN_BOOL cells are "yes" or "no". */
struct grid {
	const struct column *columns; /* ends with a zeroed one */
	size_t n_columns;
	char **cells;
	size_t n_rows;
};

#define auto_grid auto_with(grid_done) struct grid

struct table_view {
	const char *columns; /* list of --columns; NULL: the default columns */
	bool no_headings;
	bool json;
	bool quiet;
	bool verbose;
};

struct grid grid_new(const struct column *columns);
/* Adds a row; copies the cells. */
void grid_row(struct grid *grid, const char *const *cells);
void grid_done(struct grid *grid);
/* Checks --columns. 0 or -EINVAL. */
int grid_check(const struct column *columns, const char *list, struct err *e);
int grid_print(const struct grid *grid, const struct table_view *view, struct err *e);
/* The rows as a JSON array, with all columns or those of a list that grid_check() accepted. */
struct json *grid_json(const struct grid *grid, const char *list);
