// SPDX-License-Identifier: MIT
/*
 * What must be so for a tool to run natively, and how its arguments change then. Part of the entry stub: no library, no
 * data that needs relocation.
 */
#include "emulator/entry/rules.h"

/* How far text begins with prefix: what follows it, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++)
			return NULL;
	return text;
}

static bool is_same(const char *a, const char *b)
{
	a = after(a, b);
	return a && !*a;
}

static bool has_inside(const char *text, const char *part)
{
	for (; *text; text++)
		if (after(text, part))
			return true;
	return false;
}

static bool matches(char kind, const char *argument, const char *text)
{
	if (kind == 's')
		return has_inside(argument, text);
	return kind == 'v' ? after(argument, text) != NULL : is_same(argument, text);
}

static bool any_matches(char kind, char **args, const char *text)
{
	for (; *args; args++)
		if (matches(kind, *args, text))
			return true;
	return false;
}

bool rules_has_variable(char **env, const char *name, const char **ret)
{
	for (; *env; env++) {
		const char *rest = after(*env, name);

		if (rest && *rest == '=') {
			if (ret)
				*ret = rest + 1;
			return true;
		}
	}
	return false;
}

bool rules_wants_emulator(char **env)
{
	/* Texts one after the other: an array of pointers would need relocation. */
	static const char names[] = "LD_PRELOAD\0LD_AUDIT\0QEMU_LD_PREFIX\0QEMU_SET_ENV\0QEMU_UNSET_ENV\0";

	for (const char *name = names; *name;) {
		const char *value;

		if (rules_has_variable(env, name, &value) && *value)
			return true;
		while (*name++)
			;
	}
	return false;
}

bool rules_passes_on(const char *variable)
{
	/* ld(1) reads LD_RUN_PATH itself. */
	return !after(variable, "LD_") || after(variable, "LD_RUN_PATH=");
}

/* The next word; NULL behind the last one. */
static const char *next_word(const struct rules_input *in, const char *word)
{
	while (word < in->end && *word)
		word++;
	word++;
	return word < in->end && *word ? word : NULL;
}

static const char *first_word(const struct rules_input *in)
{
	return in->words < in->end && *in->words ? in->words : NULL;
}

/* Whether a response file has what would have to be looked at if it were on the command line. */
static bool is_telling(const struct rules_input *in, const char *path)
{
	if (in->file_has(path, "@"))
		return true;
	for (const char *word = first_word(in); word; word = next_word(in, word)) {
		bool is_spoken_of = *word == 'v' || *word == 's' || *word == 'p' || *word == 'u';

		if (is_spoken_of && in->file_has(path, word + 1))
			return true;
	}
	return false;
}

static bool has_telling_file(const struct rules_input *in)
{
	for (char **at = in->args; *at; at++)
		if (**at == '@' && is_telling(in, *at + 1))
			return true;
	return false;
}

static bool is_allowed(const struct rules_input *in)
{
	for (const char *word = first_word(in); word; word = next_word(in, word)) {
		bool is_bad = false;

		if (*word == 'v' || *word == 's')
			is_bad = any_matches(*word, in->args, word + 1);
		else if (*word == 'n')
			is_bad = !any_matches(*word, in->args, word + 1);
		else if (*word == 'e')
			is_bad = rules_has_variable(in->env, word + 1, NULL);
		else if (*word == 'x')
			is_bad = in->exists(word + 1);
		else if (*word == 'r')
			is_bad = has_telling_file(in);
		if (is_bad)
			return false;
	}
	return true;
}

static size_t add_before(const struct rules_input *in, const char **out, size_t room)
{
	size_t n = 0;

	for (const char *word = first_word(in); word; word = next_word(in, word))
		if (*word == 'b' && n < room)
			out[n++] = word + 1;
	return n;
}

/* Adds words, each group unless its conditions are against it. */
static size_t add(const struct rules_input *in, const char **out, size_t room)
{
	bool is_left_out = false;
	size_t n = 0;

	for (const char *word = first_word(in); word; word = next_word(in, word)) {
		if (*word == 'u')
			is_left_out |= any_matches(*word, in->args, word + 1);
		else if (*word == '.')
			is_left_out = false;
		else if (*word == 'a' && !is_left_out && n < room)
			out[n++] = word + 1;
	}
	return n;
}

/* Whether an argument names a plugin in itself or in the one after it: where its path begins. */
static const char *plugin_path(const struct rules_input *in, char **at, bool *ret_is_next)
{
	for (const char *word = first_word(in); word; word = next_word(in, word)) {
		const char *rest = *word == 'p' ? after(*at, word + 1) : NULL;

		*ret_is_next = rest && !*rest;
		if (rest && !*rest)
			return at[1];
		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}

/* "--plugin=PATH" becomes two arguments, so that nothing needs to be put together. */
static const char *plugin_word(const struct rules_input *in, const char *argument)
{
	for (const char *word = first_word(in); word; word = next_word(in, word))
		if (*word == 'p' && after(argument, word + 1))
			return word + 1;
	return NULL;
}

bool rules_apply(const struct rules_input *in, const char **out)
{
	size_t n, extra = 0;

	if (!is_allowed(in))
		return false;
	n = add_before(in, out, RULES_ADDED_MAX / 8);
	for (char **at = in->args; *at; at++) {
		bool is_next = false;
		const char *path = plugin_path(in, at, &is_next), *twin;

		if (!path) {
			out[n++] = *at;
			continue;
		}
		twin = in->plugin(in->context, path);
		if (!twin || ++extra > RULES_ADDED_MAX / 4)
			return false;
		out[n++] = plugin_word(in, *at);
		out[n++] = twin;
		at += is_next;
	}
	n += add(in, out + n, RULES_ADDED_MAX / 2 - 1);
	out[n] = NULL;
	return true;
}
