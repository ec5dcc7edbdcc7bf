/* SPDX-License-Identifier: MIT */
/* Shared by the project commands: opening the directory, and reporting each file as a line or a JSON object. */
#pragma once

#include "cli/cli.h"
#include "project/files.h"

struct project_view {
	const char *dir;   /* of the project as typed; "." if not given */
	const char *where; /* of the files */
	struct json *list; /* with --json, instead of lines */
	bool json, quiet, dry_run;
};

/* Opens the project's directory. Returns the descriptor, or -errno with e set. */
int project_open(const char *path, struct err *e);
/* Writes a file to out, which is view->where, unless --dry-run, and reports it; platform may be NULL. -errno with e. */
int project_write(struct project_view *view, int out, const struct file *file, const char *platform, struct err *e);
/* With --json, prints the list. Returns status, or EXIT_TROUBLE if printing fails. */
int project_finish(struct project_view *view, int status);
