/* SPDX-License-Identifier: MIT */
/* What must be so for a tool to run natively, and how its arguments change then. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A tool's rules are words, each a letter and a text:
 *
 *   r      not when what is in an @FILE has anything in it that these rules speak of, or another '@'
 *   vTEXT  not when an argument begins with this
 *   sTEXT  not when an argument has this in it
 *   nTEXT  not unless an argument is this
 *   eTEXT  not when the environment has this variable
 *   xTEXT  not when this file is there
 *   oTEXT  not when the first argument, or one that begins with '-', '+' or a digit, has one of these letters
 *   cTEXT  of a shell: not when its command (-c) or script has this in it, or when it reads its standard input
 *   g      not when the environment changes how programs start or speak: see rules_is_plain()
 *   N      not unless accounts are those of files
 *   pTEXT  the argument after this one, or after this and '=', is a plugin: its native twin replaces it, else not
 *   bTEXT  add this before the arguments
 *   uTEXT  what is added next: not when an argument is this
 *   aTEXT  add this after the arguments
 *   .      end of what was added
 */
enum { RULES_ADDED_MAX = 64 };

/* The native twin of a plugin's path, NULL when there is none. */
typedef const char *(*rules_plugin)(void *context, const char *path);

typedef bool (*rules_exists)(const char *path);
/* Whether a file has this text in it, or cannot be looked at. */
typedef bool (*rules_file_has)(const char *path, const char *text);

/* Whether accounts are only in files, by the root's /etc/nsswitch.conf. */
typedef bool (*rules_names)(void);

struct rules_input {
	const char *words; /* NUL-terminated each, the last one empty */
	const char *end;   /* of what may be read */
	char **args;	   /* without the program's name, NULL at the end */
	char **env;
	rules_plugin plugin;
	rules_exists exists;
	rules_file_has file_has;
	rules_names has_file_names;
	void *context;
};

/*
 * Writes the arguments for the native tool, NULL at the end, to out, which has room for RULES_ADDED_MAX more than there
 * are. false: it is to be emulated.
 */
bool rules_apply(const struct rules_input *in, const char **out);
/* Whether a variable, "NAME=VALUE", may go to a native tool: what is meant for the loader of the root may not. */
bool rules_passes_on(const char *variable);
/* Whether the environment has this variable; its value is *ret, which may be NULL. */
bool rules_has_variable(char **env, const char *name, const char **ret);
/* Whether a variable is set, and not empty, by which an emulator or the root's loader runs a program differently. */
bool rules_wants_emulator(char **env);
/*
 * Whether nothing in the environment is meant for the root's own loader or its libraries: the locale is C, POSIX or
 * C.UTF-8 without translations, and tools that do not compile are not switched off (ENTRY_SWITCH=cc).
 */
bool rules_is_plain(char **env);
/* Whether these bytes, an nsswitch.conf(5), have "files" alone for passwd, group and initgroups. */
bool rules_has_file_names(const char *text, size_t len);
