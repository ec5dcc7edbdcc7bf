// SPDX-License-Identifier: MIT
/* Options of a command from its table: parsed, and shown by --help. */
#include <ctype.h>
#include <getopt.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"

enum { OPTIONS_MAX = 48, HELP_COLUMN = 28 };

static void show_option(const struct option_spec *spec)
{
	char left[96];
	int n;

	n = snprintf(left, sizeof(left), isalpha(spec->id) && spec->id < 128 ? "  -%c, " : "      ", spec->id);
	n += snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", spec->name, spec->argument ? "=" : "",
		spec->argument ? spec->argument : "");
	if (n < HELP_COLUMN)
		printf("%-*s  %s\n", HELP_COLUMN, left, spec->help);
	else
		printf("%s\n%*s  %s\n", left, HELP_COLUMN, "", spec->help);
}

static void show_help(const struct option_set *set)
{
	printf("Usage: anyarch %s %s\n\n%s\n\n", set->command->name, set->command->arguments, set->command->summary);
	for (const struct option_spec *s = set->command->specs; s->name; s++)
		show_option(s);
	show_option(&(struct option_spec){ OPT_HELP, "help", NULL, "show this help" });
}

static void fill(const struct option_set *set, struct option *longs, char *shorts)
{
	size_t n = 0;

	if (set->stops_at_words)
		*shorts++ = '+';
	*shorts++ = ':';
	for (const struct option_spec *s = set->command->specs; s->name; s++) {
		longs[n++] = (struct option){ s->name, s->argument ? required_argument : no_argument, NULL, s->id };
		if (s->id < OPT_FIRST) {
			*shorts++ = (char)s->id;
			if (s->argument)
				*shorts++ = ':';
		}
	}
	longs[n++] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	longs[n] = (struct option){ 0 };
	*shorts++ = 'h';
	*shorts = '\0';
}

/* The nearest option name, for what is not one. */
static const char *nearest(const struct option_set *set, const char *typed)
{
	const char *best = NULL;
	unsigned least = 4;

	typed += strspn(typed, "-");
	for (const struct option_spec *s = set->command->specs; s->name; s++) {
		unsigned d = str_distance(typed, s->name, 3);

		if (d < least) {
			least = d;
			best = s->name;
		}
	}
	return best;
}

static int usage(const struct option_set *set, const char *what, const char *typed)
{
	auto_err e = { 0 };
	const char *near = nearest(set, typed);

	err_set(&e, -EINVAL, "%s: %s '%s'", set->command->name, what, typed);
	if (near)
		err_hint(&e, "did you mean --%s?", near);
	else
		err_hint(&e, "anyarch %s --help", set->command->name);
	return exit_with(&e);
}

/* Inside a bundle of letters argv says nothing; optopt is the letter, or the id of a long option. */
static int bad_option(const struct option_set *set, int c, char **argv)
{
	char letter[] = { '-', (char)optopt, '\0' };
	bool is_letter = optopt && optopt < OPT_FIRST && strncmp(argv[optind - 1], "--", 2);
	const char *what = c == ':'		  ? "this option needs a value:"
			   : optopt && !is_letter ? "this option takes no value:"
						  : "unknown option";

	return usage(set, what, is_letter ? letter : argv[optind - 1]);
}

static const struct option_spec *find_long(const struct option_set *set, const char *name, size_t len)
{
	static const struct option_spec help = { OPT_HELP, "help", NULL, NULL };

	for (const struct option_spec *s = set->command->specs; s->name; s++)
		if (strlen(s->name) == len && !memcmp(s->name, name, len))
			return s;
	return len == 4 && !memcmp(name, "help", len) ? &help : NULL;
}

/*
 * getopt_long(3) takes abbreviations: --al would be --all today and ambiguous after the next option.
 * Returns the first long option that is not spelt out, NULL when all are.
 */
static const char *find_abbreviation(const struct option_set *set, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t len = strcspn(argv[i], "=");
		const struct option_spec *spec;

		if (!strcmp(argv[i], "--"))
			return NULL;
		if (set->stops_at_words && *argv[i] != '-')
			return NULL;
		if (strncmp(argv[i], "--", 2))
			continue;
		spec = find_long(set, argv[i] + 2, len - 2);
		if (!spec)
			return argv[i];
		i += spec->argument && !argv[i][len];
	}
	return NULL;
}

int options_parse(const struct option_set *set, int argc, char **argv, void *context, int *ret_status)
{
	struct option longs[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX + 4];
	int c;

	const char *wrong = find_abbreviation(set, argc, argv);

	if (wrong) {
		*ret_status = usage(set, "unknown option", wrong);
		return -1;
	}
	fill(set, longs, shorts);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		auto_err e = { 0 };

		if (c == OPT_HELP) {
			show_help(set);
			*ret_status = finish_output(EXIT_DONE);
			return -1;
		}
		if (c == ':' || c == '?') {
			*ret_status = bad_option(set, c, argv);
			return -1;
		}
		if (set->set(context, c, optarg, &e)) {
			err_prefix(&e, "%s", set->command->name);
			*ret_status = exit_with(&e);
			return -1;
		}
	}
	return optind;
}
