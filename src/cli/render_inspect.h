/* SPDX-License-Identifier: MIT */
/* Output of inspect, as text and JSON. */
#pragma once

#include "cli/cli.h"
#include "report/inspect.h"

/* Prints "key: value" lines on stdout. counts_all: the survey of a root file system counted every file. */
void render_inspection(const char *target, const struct inspection *inspection, bool counts_all);
/* Prints the platforms of a target on one line. */
void render_platforms(const char *target, const struct inspection *inspection);
/* Appends an object to a JSON list; for an image file, one for each image. */
void json_inspection(const char *target, const struct inspection *inspection, struct json *list);
