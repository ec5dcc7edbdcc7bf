/* SPDX-License-Identifier: MIT */
/* Output of anyarch build: commands while it runs, then the result for each platform, as text and JSON. */
#pragma once

#include "cli/project.h"
#include "project/build.h"

/* Sets the request's callbacks, which show progress; view is borrowed by the request. */
void render_build_watch(struct build_request *request, struct project_view *view);
/* Prints the result; code is what build_run() returned. Returns code, or -errno with e set if printing fails. */
int render_build(const struct build *build, const struct project_view *view, int code, struct err *e);
