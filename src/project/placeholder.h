/* SPDX-License-Identifier: MIT */
/* THE table of placeholders: what they are called, and what each is for a platform. */
#pragma once

#include "arch/name.h"

/* What it is rendered for. */
struct target {
	struct platform platform;
	bool is_native; /* the machine that builds runs it by itself */
};

/* For which platforms only a line is. */
struct marks {
	bool for_native, for_emulated;
};

struct marks placeholder_marks(const char *text, size_t len);
/* How long the markers and blanks at its beginning are. */
size_t placeholder_skip_marks(const char *text, size_t len);
/* Whether there is a placeholder or marker in it. */
bool placeholder_is_in(const char *text, size_t len);
/*
 * -EBADMSG with e set for what looks like a placeholder and is none: __UPPER_CASE__, whatever is nearly one, and at the
 * beginning of an instruction __UPPER.
 */
int placeholder_check(const char *text, size_t len, bool begins_instruction, struct err *e);
/* Appends the text for target: markers taken off, placeholders replaced. -EBADMSG where a scheme has no word for it. */
int placeholder_expand(const char *text, size_t len, const struct target *target, struct buf *out, struct err *e);
