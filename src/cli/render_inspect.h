/* SPDX-License-Identifier: MIT */
/* What inspect found, as text and JSON. */
#pragma once

#include "cli/cli.h"
#include "report/inspect.h"

/* Text: "key: value" lines on stdout. counts_all: the survey of a root file system counted every file. */
void render_inspection(const char *target, const struct inspection *inspection, bool counts_all);
/* Text: the platforms of a target on one line. */
void render_platforms(const char *target, const struct inspection *inspection);
/* JSON: adds an object, or one for each image, to a list. */
void json_inspection(const char *target, const struct inspection *inspection, struct json *list);
