/* SPDX-License-Identifier: MIT */
/* What the completions of all shells are made of. */
#pragma once

#include "cli/cli.h"

enum shell { SHELL_BASH = 0, SHELL_ZSH, SHELL_FISH, SHELLS };

/* What can be offered where --help says this word: how each shell is told. */
struct completion_kind {
	const char *word;
	const char *in[SHELLS];
};

/* NULL when there is nothing of the kind: the words may be known then. */
const struct completion_kind *completion_find(const char *word);
/* The words that an argument may be, with blanks between them; none: they are not known. */
void completion_words(struct buf *out, const struct command *command, const char *argument);
/* What follows the options, as the usage has it. */
const char *completion_others(const struct command *command);
/* Every platform, as people type it, with blanks between them. */
void completion_platforms(void);
/* Inside '...' of a shell, where quote stands for a '; what is in the set gets a backslash. */
void completion_quote(const char *text, const char *set, const char *quote);

/* The whole script, on stdout. */
void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);
