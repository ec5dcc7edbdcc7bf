/* SPDX-License-Identifier: MIT */
/* Dockerfile.cross: one text for all platforms, with placeholders for what differs. */
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
 * What is wrong with it for whichever platform. 0, or -EBADMSG with e naming the line: NUL bytes, placeholders that are
 * none, another escape character, a line for some platforms without which an instruction has no end, and where it is
 * for several platforms no FROM that depends on the platform.
 */
int template_check(const struct template *t, bool is_for_several, struct err *e);
/*
 * Appends the Dockerfile for target. Lines marked __CROSS_ and __IF_EMULATED__ are left out for a native one, those
 * marked __IF_NATIVE__ for others; with the first line of an instruction goes the rest of it. note, a line of comment,
 * is put behind the comments that it begins with: parser directives stand there. For a template that template_check()
 * took. -EBADMSG with e naming the line where a naming scheme has no word for the platform.
 */
int template_render(
	const struct template *t, const struct target *target, const char *note, struct buf *out, struct err *e);
