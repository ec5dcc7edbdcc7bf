// SPDX-License-Identifier: MIT
/* What zsh and fish offer behind anyarch. */
#include <string.h>

#include "cli/completion.h"
#include "cli/options.h"

/* ---- zsh ---- */

static void zsh_action(const struct command *command, const char *argument)
{
	const struct completion_kind *kind = completion_find(argument);
	bool is_list = !strcmp(argument, "COL,...");
	auto_buf words = { 0 };

	completion_words(&words, command, argument);
	printf(":");
	completion_quote(argument, ":[]\\", "");
	if (kind)
		printf(":%s'", kind->in[SHELL_ZSH]);
	else if (words.len)
		printf(is_list ? ":_values -s , column %s'" : ":(%s)'", buf_text(&words));
	else
		printf(": '");
}

static void zsh_option(const struct command *command, const struct option_spec *spec)
{
	const char *sign = spec->argument ? "=" : "";

	printf(" \\\n			");
	if (spec->id)
		printf("'(-%c --%s)'{-%c%s,--%s%s}'[", spec->id, spec->name, spec->id, spec->argument ? "+" : "",
			spec->name, sign);
	else
		printf("'%s--%s%s[", strstr(spec->help, "(repeatable)") ? "*" : "", spec->name, sign);
	completion_quote(spec->help, ":[]\\", "'\\''");
	printf("]");
	if (spec->argument)
		zsh_action(command, spec->argument);
	else
		printf("'");
}

static void zsh_command(const struct command *command)
{
	const char *others = completion_others(command);
	bool is_run = strstr(others, "COMMAND");

	printf("		%s)\n			_arguments -s -S", command->name);
	for (const struct option_spec *s = command->specs; s && s->name; s++)
		if (!s->is_hidden)
			zsh_option(command, s);
	printf(" \\\n			'(- *)'{-h,--help}'[show this help]'");
	if (is_run)
		printf(" \\\n			'(-)1: :_command_names -e'");
	printf(" \\\n			'*%s", is_run ? ":" : "");
	zsh_action(command, others);
	puts("\n			;;");
}

void completion_zsh(void)
{
	printf("#compdef anyarch\n# What zsh offers behind anyarch; made by \"anyarch completion zsh\".\n\n"
	       "_anyarch_platforms() {\n	_values -s , platform $@[(r)all] ");
	completion_platforms();
	puts("\n}\n\n_anyarch_handlers() {\n	local -a names\n\n"
	     "	names=(${(f)\"$(PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin anyarch completion handlers "
	     "2>/dev/null)\"})\n"
	     "	(( ! $#names )) || compadd -- $names\n}\n\n_anyarch() {\n"
	     "	local curcontext=$curcontext state line\n	local -a names\n\n"
	     "	_arguments -C '(- *)'{-h,--help}'[show the commands]' '(- *)'{-V,--version}'[show the version]' \\\n"
	     "		'1: :->command' '*:: :->argument'\n	case $state in\n	command)\n		"
	     "names=(");
	for (size_t i = 0; commands[i]; i++) {
		printf("			'%s:", commands[i]->name);
		completion_quote(commands[i]->summary, ":\\", "'\\''");
		puts("'");
	}
	puts("		)\n		_describe command names\n		;;\n	argument)\n		case "
	     "$words[1] in");
	for (size_t i = 0; commands[i]; i++)
		zsh_command(commands[i]);
	puts("		esac\n		;;\n	esac\n}\n\n_anyarch \"$@\"");
}

/* ---- fish ---- */

static void fish_argument(const struct command *command, const char *argument)
{
	const struct completion_kind *kind = completion_find(argument);
	auto_buf words = { 0 };

	completion_words(&words, command, argument);
	if (kind)
		printf(" %s", kind->in[SHELL_FISH]);
	else if (!strcmp(argument, "COL,..."))
		printf(" -x -a '(__fish_complete_list , \"string split \\\" \\\" \\\"%s\\\"\")'", buf_text(&words));
	else
		printf(" -x -a '%s'", buf_text(&words));
}

static void fish_command(const struct command *command)
{
	printf("\ncomplete -c anyarch -n __anyarch_is_first -a %s -d '", command->name);
	completion_quote(command->summary, "\\", "\\'");
	puts("'");
	for (const struct option_spec *s = command->specs; s && s->name; s++) {
		if (s->is_hidden)
			continue;
		printf("complete -c anyarch -n '__anyarch_is %s' -l %s", command->name, s->name);
		if (s->id)
			printf(" -s %c", s->id);
		if (s->argument)
			fish_argument(command, s->argument);
		printf(" -d '");
		completion_quote(s->help, "\\", "\\'");
		puts("'");
	}
	printf("complete -c anyarch -n '__anyarch_is %s' -s h -l help -d 'show this help'\n", command->name);
	printf("complete -c anyarch -n '__anyarch_is %s'", command->name);
	fish_argument(command, completion_others(command));
	puts("");
}

void completion_fish(void)
{
	printf("# What fish offers behind anyarch; made by \"anyarch completion fish\".\n\n"
	       "function __anyarch_platforms\n	printf '%%s\\n' $argv ");
	completion_platforms();
	puts("\nend\n\nfunction __anyarch_handlers\n	set -lx PATH $PATH /usr/local/sbin /usr/sbin /sbin\n"
	     "	anyarch completion handlers 2>/dev/null\nend\n\nfunction __anyarch_is_first\n"
	     "	test (count (commandline -opc)) -eq 1\nend\n\nfunction __anyarch_is\n	set -l words (commandline "
	     "-opc)\n"
	     "	test (count $words) -gt 1; and test $words[2] = $argv[1]\nend\n\ncomplete -c anyarch -f\n"
	     "complete -c anyarch -n __anyarch_is_first -s h -l help -d 'show the commands'\n"
	     "complete -c anyarch -n __anyarch_is_first -s V -l version -d 'show the version'");
	for (size_t i = 0; commands[i]; i++)
		fish_command(commands[i]);
}
