/* SPDX-License-Identifier: MIT */
/* What every command shares: the table of commands, options, output and exit statuses. */
#pragma once

#include <stdio.h>

#include "base/buf.h"
#include "base/column.h"
#include "base/err.h"
#include "base/json.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_TROUBLE = 1, /* the kernel or the disk failed; what was there is as it was */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,     /* the input is refused, does not match, or is not healthy */
	EXIT_CANNOT = 4,      /* this environment cannot: privilege, kernel, read-only */
	EXIT_NOT_LASTING = 5, /* done, but it will not last */
	EXIT_LOCKED = 75,
	EXIT_SIGNAL = 128,
};

struct option_spec;

/* A command: what main and help loop over. */
struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	/* Gets what its options have set, and the other words. An exit status, or -errno with e set. */
	int (*run)(void *context, int n, char **words, struct err *e);
	const struct option_spec *specs;  /* ends with a zeroed one */
	size_t context_size;		  /* of what they set, zeroed before */
	const struct column *columns;	  /* of --columns; NULL: it has no table */
	void (*done)(void *context);	  /* frees what its options own; NULL: nothing */
	bool is_raw;			  /* it reads its options itself, too */
	bool stops_at_words;		  /* what follows the first other word belongs to that */
	unsigned least_words, most_words; /* besides options; most_words 0: any number */
	int failure;			  /* exit status of all its errors; 0: that of the error */
	const char *examples;		  /* of --help: indented lines; the manual has the same */
};

/* Ends with NULL (main.c). */
extern const struct command *const commands[];
/* argv[0] is the command's name. Returns the exit status; its error has been reported. */
int command_run(const struct command *command, int argc, char **argv);
/* Reports that no command has this name, with the nearest one. Returns the exit status. */
int unknown_command(const char *name);
extern const struct command cmd_register, cmd_unregister, cmd_status, cmd_inspect, cmd_doctor, cmd_inject, cmd_convert,
	cmd_index, cmd_eject, cmd_init, cmd_render, cmd_build, cmd_run, cmd_toolchain, cmd_names, cmd_oneshot,
	cmd_completion;

/* ---- version.c ---- */

/* "2da5c4b8f6a1", with "-dirty" when files were changed since, or "unknown". */
extern const char build_commit[];
/* Prints the version, the commit, the libraries and the emulators. Returns an exit status. */
int show_version(void);

/* ---- output.c ---- */

/* "anyarch: WHAT: WHY", and "hint: …", each escaped and on one line of stderr. */
void say_error(const struct err *e);
/* From now on a hint comes before its error: some callers show the last line of stderr as the reason. */
void say_reasons_last(void);
/* A line, of which all behind the prefix is escaped: of the answer, a warning, a note. */
void say(FILE *out, const char *prefix, const char *fmt, ...) PRINTF_LIKE(3, 4);
#define say_line(...)	 say(stdout, "", __VA_ARGS__)
#define say_warning(...) say(stderr, "anyarch: warning: ", __VA_ARGS__)
#define say_note(...)	 say(stderr, "anyarch: ", __VA_ARGS__)
/* Of several targets: how many failed, and the highest exit status. */
struct failures {
	size_t n;
	int status;
};
/* Tells the error of one of them; how many failed. */
void say_failure(const struct err *e, struct failures *failures);
void say_summary(size_t n, const struct failures *failures);
/* The exit status that a code stands for. */
int exit_for(int code);
/* Tells the error and returns its exit status. */
int exit_with(const struct err *e);
/* From here on the program ends with status 1 and one line where there is no memory. */
void prepare_for_end(void);
/* Prints a document, and frees it. EXIT_DONE or EXIT_TROUBLE. */
int print_json(struct json *document);
/* Flushes stdout; status unless that fails: then EXIT_TROUBLE, told. */
int finish_output(int status);

/* ---- progress.c ---- */

/* From here on long work has a line on standard error, if that is a terminal, after half a second. */
void progress_start(void);
/* No line any more: what is printed next begins where it was. */
void progress_clear(void);
/* For --quiet. */
void progress_silence(void);

/* ---- table.c ---- */

enum { GRID_COLUMNS_MAX = 16 };

/* Rows of cells; a NULL cell is "-" in text and null in JSON. COLUMN_BOOL cells are "yes" or "no". */
struct grid {
	const struct column *columns; /* ends with a zeroed one */
	size_t n_columns;
	char **cells;
	size_t n_rows;
};

#define auto_grid auto_with(grid_done) struct grid

struct table_view {
	const char *columns; /* list of --columns; NULL: the usual ones */
	bool no_headings;
	bool json;
	bool quiet;
	bool verbose;
};

struct grid grid_new(const struct column *columns);
/* Adds a row; cells are copied. */
void grid_row(struct grid *grid, const char *const *cells);
void grid_done(struct grid *grid);
/* Checks --columns. 0 or -EINVAL. */
int grid_check(const struct column *columns, const char *list, struct err *e);
int grid_print(const struct grid *grid, const struct table_view *view, struct err *e);
/* All columns, or those of a list that grid_check() has taken. */
struct json *grid_json(const struct grid *grid, const char *list);
