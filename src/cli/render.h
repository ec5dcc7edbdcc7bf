/* SPDX-License-Identifier: MIT */
/* Renders the results of register and status as text and JSON. */
#pragma once

#include "binfmt/register.h"
#include "cli/cli.h"
#include "report/status.h"

extern const struct column register_columns[], names_columns[];

/* Prints what register did: rows, errors of single handlers, how long they last. Returns the exit status. */
int render_register(
	const struct register_report *report, const struct register_options *options, const struct table_view *view);
/* Prints errors of single handlers on stderr. Returns the exit status for them. */
int render_register_errors(const struct register_report *report, const struct register_options *options);
/* Reports on stderr how long the handlers last, unless quiet; EXIT_NOT_LASTING if they do not last as requested. */
int render_lasting(const struct register_report *report, const struct register_options *options, bool quiet);
int render_status(const struct status *status, const struct table_view *view);
/* Prints {"supported": [...], "emulators": [...], ...} in the form that callers of container registrars parse. */
int render_oneshot(const struct status *status);
