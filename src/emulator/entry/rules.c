// SPDX-License-Identifier: MIT
/*
 * Conditions under which a tool runs natively, and how its arguments then change. Part of the entry stub: no library,
 * no data that needs relocation.
 */
#include "emulator/entry/rules.h"

#include "emulator/entry/layout.h"

/* What follows prefix in text; NULL if text does not begin with it. */
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
	return kind == 'v' || kind == 'w' ? after(argument, text) != NULL : is_same(argument, text);
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
	/* Consecutive strings: an array of pointers would need relocation. */
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

static bool is_plain_locale(const char *value)
{
	return !*value || is_same(value, "C") || is_same(value, "POSIX") || is_same(value, "C.UTF-8") ||
	       is_same(value, "C.utf8");
}

bool rules_is_plain(char **env)
{
	static const char empty[] = "LOCPATH\0NLSPATH\0OUTPUT_CHARSET\0GCONV_PATH\0";
	const char *value, *all;
	bool has_all = rules_has_variable(env, "LC_ALL", &all) && *all;

	/* No translations in any locale: gettext ends its search at "C" and "POSIX" (dcigettext.c). autoconf sets "C".
	 */
	if ((has_all && !is_plain_locale(all)) ||
		(rules_has_variable(env, "LANGUAGE", &value) && *value && !is_same(value, "C") &&
			!is_same(value, "POSIX")) ||
		(rules_has_variable(env, ENTRY_SWITCH, &value) && is_same(value, "cc")))
		return false;
	for (const char *name = empty; *name;) {
		if (rules_has_variable(env, name, &value) && *value)
			return false;
		while (*name++)
			;
	}
	for (; *env; env++) {
		bool is_locale = after(*env, "LC_") || after(*env, "LANG=");

		for (value = *env; *value && *value != '=';)
			value++;
		if ((after(*env, "LD_") && !after(*env, "LD_RUN_PATH=")) ||
			(is_locale && !has_all && *value && !is_plain_locale(value + 1)))
			return false;
	}
	return true;
}

/* Whether text up to end, or a comment, is "files" and blanks only. */
static bool is_files(const char *text, const char *end)
{
	bool has_files = false;

	while (text < end && *text != '#') {
		const char *rest = end - text < 5 ? NULL : after(text, "files");

		if (*text == ' ' || *text == '\t') {
			text++;
			continue;
		}
		if (!rest || has_files)
			return false;
		has_files = true;
		text = rest;
	}
	return has_files;
}

bool rules_has_file_names(const char *text, size_t len)
{
	static const char names[] = "passwd:\0group:\0initgroups:\0";
	const char *end = text + len;

	while (text < end) {
		const char *line = text;

		while (text < end && *text != '\n')
			text++;
		while (line < text && (*line == ' ' || *line == '\t'))
			line++;
		for (const char *name = names; *name;) {
			size_t n = 0;

			while (name[n] && line + n < text && line[n] == name[n])
				n++;
			if (!name[n] && !is_files(line + n, text))
				return false;
			while (*name++)
				;
		}
		text++;
	}
	return true;
}

bool rules_passes_on(const char *variable)
{
	/* ld(1) reads LD_RUN_PATH itself. */
	return !after(variable, "LD_") || after(variable, "LD_RUN_PATH=");
}

/* The next word; NULL after the last one. */
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

/* Whether a response file contains text that the rules check in arguments. */
static bool has_telling_file(const struct rules_input *in)
{
	for (char **at = in->args; *at; at++) {
		if (**at != '@')
			continue;
		if (in->file_has(*at + 1, "@"))
			return true;
		for (const char *word = first_word(in); word; word = next_word(in, word)) {
			bool is_checked = *word == 'v' || *word == 'w' || *word == 's' || *word == 'p' || *word == 'u';

			if (is_checked && in->file_has(*at + 1, word + 1))
				return true;
		}
	}
	return false;
}

static bool has_any_of(const char *text, const char *letters)
{
	for (; *text; text++)
		for (const char *one = letters; *one; one++)
			if (*text == *one)
				return true;
	return false;
}

static bool any_option_has(char **args, const char *letters)
{
	for (char **at = args; *at; at++) {
		bool is_option = at == args || **at == '-' || **at == '+' || (**at >= '0' && **at <= '9');

		if (is_option && has_any_of(*at, letters))
			return true;
	}
	return false;
}

/* Whether the command or script of a shell (sh(1p)) has this text; its standard input may. */
static bool shell_has(const struct rules_input *in, const char *text)
{
	bool is_command = false;
	char **args = in->args;

	for (; *args && (**args == '-' || **args == '+'); args++) {
		const char *option = *args;

		if (is_same(option, "-") || is_same(option, "--")) {
			args++;
			break;
		}
		if (has_any_of(option, "s"))
			return true;
		is_command |= has_any_of(option, "c");
		if (has_any_of(option, "o") && args[1])
			args++;
	}
	return !*args || (is_command ? has_inside(*args, text) : in->file_has(*args, text));
}

static bool is_allowed(const struct rules_input *in)
{
	for (const char *word = first_word(in); word; word = next_word(in, word)) {
		bool is_bad = false;

		if (*word == 'v' || *word == 's' || (*word == 'w' && in->is_other_revision))
			is_bad = any_matches(*word, in->args, word + 1);
		else if (*word == 'n')
			is_bad = !any_matches(*word, in->args, word + 1);
		else if (*word == 'e')
			is_bad = rules_has_variable(in->env, word + 1, NULL);
		else if (*word == 'x')
			is_bad = in->exists(word + 1);
		else if (*word == 'o')
			is_bad = any_option_has(in->args, word + 1);
		else if (*word == 'c')
			is_bad = shell_has(in, word + 1);
		else if (*word == 'g')
			is_bad = !rules_is_plain(in->env);
		else if (*word == 'N')
			is_bad = !in->has_file_names();
		else if (*word == 'r')
			is_bad = has_telling_file(in);
		if (is_bad)
			return false;
	}
	return true;
}

/* Adds words of this kind, except groups whose condition (u) excludes them. */
static size_t add(const struct rules_input *in, char kind, const char **out, size_t room)
{
	bool is_left_out = false;
	size_t n = 0;

	for (const char *word = first_word(in); word; word = next_word(in, word)) {
		if (*word == 'u')
			is_left_out |= any_matches(*word, in->args, word + 1);
		else if (*word == '.')
			is_left_out = false;
		else if (*word == kind && !is_left_out && n < room)
			out[n++] = word + 1;
	}
	return n;
}

/*
 * The path of the plugin that an argument names, in itself or in the next one; NULL if none. *ret_option: without it,
 * as "--plugin=PATH" becomes two arguments, so that no string must be built.
 */
static const char *plugin_path(const struct rules_input *in, char **at, const char **ret_option, bool *ret_is_next)
{
	for (const char *word = first_word(in); word; word = next_word(in, word)) {
		const char *rest = *word == 'p' ? after(*at, word + 1) : NULL;

		*ret_option = word + 1;
		*ret_is_next = rest && !*rest;
		if (rest && !*rest)
			return at[1];
		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}

bool rules_apply(const struct rules_input *in, const char **out)
{
	size_t n, extra = 0;

	if (!is_allowed(in))
		return false;
	n = add(in, 'b', out, RULES_ADDED_MAX / 8);
	for (char **at = in->args; *at; at++) {
		bool is_next = false;
		const char *option, *path = plugin_path(in, at, &option, &is_next), *twin;

		if (!path) {
			out[n++] = *at;
			continue;
		}
		twin = in->plugin(in->context, path);
		if (!twin || ++extra > RULES_ADDED_MAX / 4)
			return false;
		out[n++] = option;
		out[n++] = twin;
		at += is_next;
	}
	n += add(in, 'a', out + n, RULES_ADDED_MAX / 2 - 1);
	out[n] = NULL;
	return true;
}
