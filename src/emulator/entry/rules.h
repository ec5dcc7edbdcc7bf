/* SPDX-License-Identifier: MIT */
/* Conditions under which a tool runs natively, and how its arguments then change. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A tool's rules are words, each a letter and TEXT. The tool is emulated if a condition is not met:
 *
 *   r      no response file (@FILE) contains text that these rules check, or another '@'
 *   vTEXT  no argument begins with TEXT
 *   wTEXT  the same, if the package's revision is not the native tool's
 *   sTEXT  no argument contains TEXT
 *   nTEXT  an argument is TEXT
 *   eTEXT  the environment has no variable TEXT
 *   xTEXT  the file TEXT does not exist
 *   oTEXT  the first argument, and those that begin with '-', '+' or a digit, have none of these letters
 *   cTEXT  of a shell: its command (-c) or script does not contain TEXT, and is not read from standard input
 *   g      the environment does not change how programs start, or their language: see rules_is_plain()
 *   N      accounts are in files only: see rules_has_file_names()
 *   pTEXT  the argument after TEXT, or what follows TEXT=, is a plugin; its native twin exists and replaces it
 *   bTEXT  add TEXT before the arguments
 *   uTEXT  skip the following additions if an argument is TEXT
 *   aTEXT  add TEXT after the arguments
 *   .      end of the additions that u skips
 */
enum { RULES_ADDED_MAX = 64 };

/* The native twin of a plugin's path; NULL if there is none. */
typedef const char *(*rules_plugin)(void *context, const char *path);

typedef bool (*rules_exists)(const char *path);
/* Whether a file contains this text, or cannot be read. */
typedef bool (*rules_file_has)(const char *path, const char *text);

/* Whether accounts are in files only, according to the root's /etc/nsswitch.conf. */
typedef bool (*rules_names)(void);

struct rules_input {
	const char *words; /* NUL-terminated each, the last one empty */
	const char *end;   /* end of what may be read */
	char **args;	   /* without the program's name, NULL-terminated */
	char **env;
	rules_plugin plugin;
	rules_exists exists;
	rules_file_has file_has;
	rules_names has_file_names;
	bool is_other_revision;
	void *context;
};

/*
 * Writes the arguments for the native tool, NULL-terminated, to out, which has room for RULES_ADDED_MAX more than
 * in->args. false: the program must be emulated.
 */
bool rules_apply(const struct rules_input *in, const char **out);
/* Whether a variable, "NAME=VALUE", may be passed to a native tool: those for the root's loader may not. */
bool rules_passes_on(const char *variable);
/* Whether the environment has this variable; its value is stored in *ret. ret may be NULL. */
bool rules_has_variable(char **env, const char *name, const char **ret);
/* Whether a variable that is not empty changes how an emulator or the root's loader runs a program. */
bool rules_wants_emulator(char **env);
/*
 * Whether nothing in the environment is for the root's own loader or its libraries: the locale is C, POSIX or C.UTF-8
 * without translations, and tools other than compilers are not disabled (ENTRY_SWITCH=cc).
 */
bool rules_is_plain(char **env);
/* Whether an nsswitch.conf(5) has "files" only for passwd, group and initgroups. */
bool rules_has_file_names(const char *text, size_t len);
