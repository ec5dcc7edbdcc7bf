/* SPDX-License-Identifier: MIT */
/* What anyarch build shows: commands while it runs, then what became of each platform, as text and JSON. */
#pragma once

#include "cli/project.h"
#include "project/build.h"

/* Shows what happens during the build; view is borrowed by the request. */
void render_build_watch(struct build_request *request, struct project_view *view);
/* Prints the result; code is that of the build. The code, or that of a failure to print, with e set. */
int render_build(const struct build *build, const struct project_view *view, int code, struct err *e);
