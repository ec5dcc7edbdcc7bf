/* SPDX-License-Identifier: MIT */
/* What the commands of a project share: its directory, and a line or an object for each of its files. */
#pragma once

#include "cli/cli.h"

struct project_view {
	const char *dir;   /* as it was typed; "." where it was not */
	struct json *list; /* instead of lines */
	bool json, quiet, dry_run;
};

/* Opens a directory. The descriptor, or -errno with e set. */
int project_open(const char *path, struct err *e);
/* Tells of a file of the directory dir; platform may be NULL. */
void project_tell(
	struct project_view *view, const char *dir, const char *name, const char *result, const char *platform);
/* Prints the JSON, if it was asked for; status unless that fails. */
int project_finish(struct project_view *view, int status);
