// SPDX-License-Identifier: MIT
/* Parses a command's options according to its table, and prints its --help. */
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "base/str.h"
#include "cli/options.h"

enum { HELP_COLUMN = 28 };

static const struct option_spec help_spec = { OPT_HELP, "help", NULL, "show this help" };

static void show_option(const struct option_spec *spec)
{
	char left[96];
	int n;

	n = snprintf(left, sizeof(left), spec->id ? "  -%c, " : "      ", spec->id);
	n += snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", spec->name, spec->argument ? "=" : "",
		spec->argument ? spec->argument : "");
	if (n < HELP_COLUMN)
		printf("%-*s  %s\n", HELP_COLUMN, left, spec->help);
	else
		printf("%s\n%*s  %s\n", left, HELP_COLUMN, "", spec->help);
}

static void show_help(const struct command *command)
{
	printf("Usage: anyarch %s %s\n\n%s\n\n", command->name, command->arguments, command->summary);
	for (const struct option_spec *s = command->specs; s->name; s++)
		if (!s->is_hidden)
			show_option(s);
	show_option(&help_spec);
	if (command->columns)
		puts("\nColumns:");
	for (const struct column *c = command->columns; c && c->name; c++)
		printf("  %-*s%s\n", HELP_COLUMN, c->name, c->help);
	printf("\nExamples:\n%s", command->examples);
}

/* Suggests the option most similar to an unknown one. */
static int usage(const struct command *command, const char *what, const char *typed, struct err *e)
{
	auto_free char *name = mem_text(typed + strspn(typed, "-"));
	const struct option_spec *near = NULL;
	bool is_whole = !strchr(name, '=');
	unsigned least = 4;

	name[strcspn(name, "=")] = '\0';
	for (const struct option_spec *s = command->specs; s->name; s++) {
		unsigned d = str_distance(name, s->name, 3);

		if (d < least && 2 * d <= strlen(name) && !s->is_hidden) { /* at least half is right */
			least = d;
			near = s;
		}
	}
	err_set(e, -EINVAL, "%s: %s '%s'", command->name, what, typed);
	if (near && !least && is_whole)
		return err_hint(e, "--%s=%s", near->name, near->argument);
	if (near)
		return err_hint(e, "did you mean --%s?", near->name);
	return err_hint(e, "anyarch %s --help", command->name);
}

/* Refuses a value: "invalid --lasting 'forever': expected auto, host or pin". */
static int refuse(const struct option_spec *spec, const char *argument, struct err *e)
{
	const char *choices = spec->argument ? spec->argument : "", *near = NULL;
	size_t left = 0, len = 0;
	auto_buf expected = { 0 }, words = { 0 };

	if (spec->type == OPTION_NUMBER)
		buf_addf(&expected, "%s from 1 to %zu", spec->argument, spec->max);
	for (const char *p = choices; *p; p++)
		left += *p == '|';
	for (const char *p = choices; spec->type != OPTION_NUMBER && *p; p++) {
		buf_add(&words, *p == '|' ? " " : p, 1);
		if (*p != '|')
			buf_add(&expected, p, 1);
		else
			buf_adds(&expected, --left ? ", " : " or ");
	}
	err_set(e, -EINVAL, "invalid --%s '%s': expected %s", spec->name, argument, buf_text(&expected));
	if (strchr(choices, '|'))
		near = str_nearest(buf_text(&words), argument, &len);
	return near ? err_hint(e, "did you mean --%s=%.*s?", spec->name, (int)len, near) : -EINVAL;
}

/* The index of word in "one|two|three"; -1: not in it. */
static int find_choice(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0; choices && *choices; i++) {
		size_t one = strcspn(choices, "|");

		if (one == len && !memcmp(choices, word, len))
			return i;
		choices += one + (choices[one] == '|');
	}
	return -1;
}

static int set_option(const struct command *command, const struct option_spec *spec, char *context,
	const char *argument, struct err *e)
{
	void *member = context + spec->offset, *more = context + spec->more;
	unsigned long number;
	int choice;

	if (spec->is_valid && !spec->is_valid(argument))
		return refuse(spec, argument, e);
	switch (spec->type) {
	case OPTION_SWITCH:
		if (spec->id == 'q')
			progress_watch(NULL);
		*(bool *)member = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)member = argument;
		return 0;
	case OPTION_LIST:
		if (*(size_t *)more == spec->max)
			return err_set(e, -EINVAL, "--%s given more than %zu times", spec->name, spec->max);
		((const char **)member)[(*(size_t *)more)++] = argument;
		return 0;
	case OPTION_CHOICE:
		choice = find_choice(spec->argument, argument);
		if (choice < 0)
			return refuse(spec, argument, e);
		*(unsigned *)member = (unsigned)choice;
		return 0;
	case OPTION_NUMBER:
		if (str_to_uint(argument, spec->max, &number) || !number)
			return refuse(spec, argument, e);
		*(unsigned *)member = (unsigned)number;
		return 0;
	case OPTION_PLATFORM:
		*(bool *)more = true;
		return name_parse(argument, strlen(argument), member, e);
	case OPTION_SELECT:
		((struct platforms *)member)->is_all |= !strcmp(argument, "all");
		return strcmp(argument, "all") ? platforms_add(member, argument, e) : 0;
	case OPTION_NAMES:
		return name_set_add(member, argument, e);
	case OPTION_COLUMNS:
		*(const char **)member = argument;
		return grid_check(command->columns, argument, e);
	case OPTION_OTHER:
		return spec->set(context, argument, e);
	case OPTION_NONE:
		break;
	}
	return err_set(e, -EINVAL, "--%s has no type", spec->name);
}

bool option_is_assignment(const char *argument)
{
	return *argument != '=' && strchr(argument, '=');
}

bool option_is_given(const char *argument)
{
	return *argument;
}

struct parsing {
	const struct command *command;
	void *context;
	char **argv;
	int argc, at;
	struct err *e;
};

/* Takes one option. value is the part after '=' or after the letter; NULL: the value, if any, is the next word. */
static int take(struct parsing *p, const struct option_spec *spec, const char *typed, const char *value)
{
	if (!spec)
		return usage(p->command, "unknown option", typed, p->e);
	if (!spec->argument && value)
		return usage(p->command, "this option takes no value:", typed, p->e);
	if (spec->argument && !value) {
		if (++p->at == p->argc)
			return usage(p->command, "this option needs a value:", typed, p->e);
		value = p->argv[p->at];
	}
	if (spec == &help_spec) {
		show_help(p->command);
		return -ECANCELED;
	}
	return set_option(p->command, spec, p->context, value ? value : "", p->e)
		       ? err_prefix(p->e, "%s", p->command->name)
		       : 0;
}

/* No abbreviations: a unique one today may become ambiguous when an option is added. */
static int take_long(struct parsing *p, const char *word)
{
	size_t len = strcspn(word, "=") - strlen("--");
	const char *value = word[strlen("--") + len] ? word + strlen("--") + len + 1 : NULL;
	const struct option_spec *spec = p->command->specs;

	while (spec->name && (strlen(spec->name) != len || memcmp(spec->name, word + strlen("--"), len)))
		spec++;
	if (!spec->name)
		spec = len == 4 && !memcmp(word, "--help", 6) ? &help_spec : NULL;
	return take(p, spec, word, value);
}

static int take_letters(struct parsing *p, const char *letter)
{
	int r = 0;

	for (bool is_last = false; !r && !is_last && *letter; letter++) {
		const struct option_spec *spec = p->command->specs;
		char typed[] = { '-', *letter, '\0' };

		while (spec->name && spec->id != *letter)
			spec++;
		if (!spec->name)
			spec = *letter == OPT_HELP ? &help_spec : NULL;
		is_last = spec && spec->argument;
		r = take(p, spec, typed, is_last && letter[1] ? letter + 1 : NULL);
	}
	return r;
}

int options_parse(const struct command *command, int argc, char **argv, void *context, struct err *e)
{
	struct parsing p = { command, context, argv, argc, 1, e };
	auto_free char **words = mem_new((size_t)argc, sizeof(*words));
	const char *cursor = command->arguments, *name = "";
	bool is_ended = false;
	int r = 0, n = 0;
	size_t len = 0;

	for (; !r && p.at < argc; p.at++) {
		char *word = argv[p.at];

		if (is_ended || *word != '-' || !word[1]) {
			words[n++] = word;
			is_ended |= command->stops_at_words;
		} else if (!strcmp(word, "--")) {
			is_ended = true;
		} else {
			r = word[1] == '-' ? take_long(&p, word) : take_letters(&p, word + 1);
		}
	}
	memcpy(argv + argc - n, words, (size_t)n * sizeof(*words));
	if (r)
		return r;
	if ((unsigned)n < command->least_words) { /* named as in the usage: "IMAGE OUT" */
		for (int i = 0; i < n + 2; i++)	  /* item 0 is [OPTION...] */
			str_next_item(&cursor, &name, &len);
		while (len && name[len - 1] == '.')
			len--;
		err_set(e, -EINVAL, "%s: missing %.*s", command->name, (int)len, name);
	} else if (command->most_words && (unsigned)n > command->most_words) {
		err_set(e, -EINVAL, "%s: unexpected argument '%s'", command->name, words[command->most_words]);
	} else if (command->most_words && n && !*words[n - 1]) {
		err_set(e, -EINVAL, "%s: an argument is empty", command->name);
	} else {
		return argc - n;
	}
	return err_hint(e, "anyarch %s %s", command->name, command->arguments);
}
