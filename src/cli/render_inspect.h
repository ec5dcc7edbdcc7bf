/* SPDX-License-Identifier: MIT */
/* What inspect found, as text and JSON. */
#pragma once

#include "cli/cli.h"
#include "emulator/content.h"
#include "image/facts.h"
#include "report/file.h"

/* Text: "key: value" lines on stdout. */
void render_file(const char *target, const struct file_facts *facts);
void render_content(
	const char *target, const char *kind, const struct content *content, unsigned long skipped, bool count_all);
/* One image of a file; reference as it was asked for. */
/* names: a list of all that it is called; json_image() takes it over. */
void render_image(const struct image_facts *facts, const struct json *names, bool count_all);
struct json *json_image(const char *target, const char *format, const struct image_facts *facts, struct json *names);
void render_fact(const char *key, const char *value);
struct json *json_file(const char *target, const struct file_facts *facts);
struct json *json_content(const char *target, const char *kind, const struct content *content, unsigned long skipped);
