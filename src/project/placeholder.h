/* SPDX-License-Identifier: MIT */
/* THE table of placeholders: their names, and their values for a platform. */
#pragma once

#include "arch/name.h"

/* The platform that a template is rendered for. */
struct target {
	struct platform platform;
	bool is_native; /* the build machine runs its programs natively */
};

/* The markers of a line, which limit it to some platforms. */
struct marks {
	bool for_native, for_emulated;
};

struct marks placeholder_marks(const char *text, size_t len);
/* The length of the leading markers and blanks. */
size_t placeholder_skip_marks(const char *text, size_t len);
/* Whether the text contains a placeholder or marker. */
bool placeholder_is_in(const char *text, size_t len);
/*
 * Refuses with -EBADMSG an unknown name that looks like a placeholder: __UPPER_CASE__, a near miss of a known one, and
 * __UPPER at the beginning of an instruction.
 */
int placeholder_check(const char *text, size_t len, bool begins_instruction, struct err *e);
/* Appends the text for target: markers removed, placeholders replaced. -EBADMSG if a scheme has no name for it. */
int placeholder_expand(const char *text, size_t len, const struct target *target, struct buf *out, struct err *e);
