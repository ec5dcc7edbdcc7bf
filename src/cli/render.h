/* SPDX-License-Identifier: MIT */
/* Results of the domain as text and JSON. */
#pragma once

#include "binfmt/register.h"
#include "cli/cli.h"
#include "report/status.h"

extern const struct column register_columns[], names_columns[];

/* What register did: rows, errors of single handlers, how long it lasts. Returns the exit status. */
int render_register(
	const struct register_report *report, const struct register_options *options, const struct table_view *view);
/* Errors of single handlers on stderr. Returns the exit status for them. */
int render_register_errors(const struct register_report *report, const struct register_options *options);
/* How long it lasts, on stderr unless quiet; EXIT_NOT_LASTING when it does not and was to. */
int render_lasting(const struct register_report *report, const struct register_options *options, bool quiet);
int render_status(const struct status *status, const struct table_view *view);
/* {"supported": [...], "emulators": [...], ...} on stdout, as callers of container registrars parse it. */
int render_oneshot(const struct status *status);
