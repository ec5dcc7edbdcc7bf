/* SPDX-License-Identifier: MIT */
/* Shared by the project commands: opening the directory, and reporting each file as a line or a JSON object. */
#pragma once

#include "cli/cli.h"

struct project_view {
	const char *dir;   /* as typed; "." if not given */
	struct json *list; /* with --json, instead of lines */
	bool json, quiet, dry_run;
};

/* Opens the project's directory. Returns the descriptor, or -errno with e set. */
int project_open(const char *path, struct err *e);
/* Reports the result for file name in directory dir; platform may be NULL. */
void project_tell(
	struct project_view *view, const char *dir, const char *name, const char *result, const char *platform);
/* With --json, prints the list. Returns status, or EXIT_TROUBLE if printing fails. */
int project_finish(struct project_view *view, int status);
