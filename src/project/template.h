/* SPDX-License-Identifier: MIT */
/* Dockerfile.cross: one Dockerfile for all platforms, with placeholders for the differences. */
#pragma once

#include "project/placeholder.h"

#define TEMPLATE_FILE "Dockerfile.cross"
enum { LIMIT_TEMPLATE = 1024 * 1024 };

/* Borrowed text. */
struct template
{
	const char *text;
	size_t len;
};

/*
 * Checks a template for all platforms. 0, or -EBADMSG with e naming the line: NUL bytes, unknown placeholders, another
 * escape character, a line for some platforms without which an instruction has no end, and, if is_for_several, no FROM
 * that depends on the platform.
 */
int template_check(const struct template *t, bool is_for_several, struct err *e);
/*
 * Appends the Dockerfile for target. Drops lines marked __CROSS_ or __IF_EMULATED__ for a native target, __IF_NATIVE__
 * for others; dropping the first line of an instruction drops all of it. note, a comment line, is inserted after the
 * leading comments, which may be parser directives. Requires template_check(). -EBADMSG with e naming the line if a
 * naming scheme has no name for the platform.
 */
int template_render(
	const struct template *t, const struct target *target, const char *note, struct buf *out, struct err *e);
