// SPDX-License-Identifier: MIT
/* What bash offers behind anyarch. It needs nothing of the package bash-completion, but works with it. */
#include "cli/completion.h"
#include "cli/options.h"

static const char bash_tail[] =
	"# Only names that are no shell's syntax are told.\n"
	"_anyarch_handlers() {\n"
	"	PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin anyarch completion handlers 2>/dev/null\n"
	"}\n\n"
	"# Where the command of \"run\" stands; sets ended behind the last option.\n"
	"_anyarch_scan() {\n"
	"	local i kind words\n\n"
	"	for ((i = 2; i < COMP_CWORD; i++)); do\n"
	"		case ${COMP_WORDS[i]} in\n"
	"		--) ended=1 ;;\n"
	"		[:=]) ((i++)) ;;\n"
	"		-*) [[ -n $ended ]] || ! _anyarch_value \"$command\" \"${COMP_WORDS[i]}\" || [[ ${COMP_WORDS[i "
	"+ 1]} == = ]] || ((i++)) ;;\n"
	"		*) first=$i; break ;;\n"
	"		esac\n"
	"	done\n"
	"}\n\n"
	"_anyarch() {\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} at=$COMP_CWORD command=${COMP_WORDS[1]}\n"
	"	local kind='' words='' option='' prefix='' ended='' first=''\n\n"
	"	COMPREPLY=()\n"
	"	# readline takes --option=value and a:b apart.\n"
	"	[[ $cur != [:=] ]] || cur='' at=$((at + 1))\n"
	"	case ${COMP_WORDS[at - 1]} in\n"
	"	=) option=${COMP_WORDS[at - 2]} ;;\n"
	"	:) kind=files ;;\n"
	"	-?*) option=${COMP_WORDS[at - 1]} ;;\n"
	"	esac\n"
	"	if [[ $option == [!-]* ]]; then\n"
	"		kind=files\n"
	"	elif ((COMP_CWORD == 1)); then\n"
	"		_anyarch_words ''\n"
	"	elif [[ -z $kind ]] && ! _anyarch_value \"$command\" \"$option\"; then\n"
	"		_anyarch_scan\n"
	"		_anyarch_words \"$command\"\n"
	"		if [[ $kind == commands && -n $first ]]; then\n"
	"			! declare -F _command_offset >/dev/null || { _command_offset \"$first\"; return; }\n"
	"			kind=files\n"
	"		elif [[ $cur == -* && -z $ended ]]; then\n"
	"			kind=''\n"
	"		elif [[ -n $kind ]]; then\n"
	"			words=''\n"
	"		fi\n"
	"	fi\n"
	"	case $kind in\n"
	"	files | dirs | commands)\n"
	"		compopt -o filenames 2>/dev/null\n"
	"		mapfile -t COMPREPLY < <(compgen \"-${kind:0:1}\" -- \"$cur\")\n"
	"		return\n"
	"		;;\n"
	"	platform) words=$_anyarch_platforms ;;\n"
	"	platforms) words=\"$_anyarch_platforms all\" ;;\n"
	"	handlers) words=$(_anyarch_handlers) ;;\n"
	"	esac\n"
	"	[[ $cur != *,* ]] || prefix=${cur%,*}, cur=${cur##*,}\n"
	"	mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -W \"$words\" -- \"$cur\")\n"
	"	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null\n"
	"}\n\n"
	"complete -F _anyarch anyarch\n";

static void bash_value(const struct command *command, const struct option_spec *spec)
{
	const struct completion_kind *kind = completion_find(spec->argument);
	auto_buf words = { 0 };

	completion_words(&words, command, spec->argument);
	printf("	'%s --%s'", command->name, spec->name);
	if (spec->id)
		printf(" | '%s -%c'", command->name, spec->id);
	printf(") kind='%s' words='%s' ;;\n", kind ? kind->in[SHELL_BASH] : "", buf_text(&words));
}

static void bash_words(const struct command *command)
{
	const struct completion_kind *kind = completion_find(completion_others(command));
	auto_buf words = { 0 };

	completion_words(&words, command, completion_others(command));
	printf("	%s) kind='%s' words='%s%s", command->name, kind ? kind->in[SHELL_BASH] : "", buf_text(&words),
		words.len ? " " : "");
	for (const struct option_spec *s = command->specs; s && s->name; s++) {
		if (s->is_hidden)
			continue;
		printf("--%s%s ", s->name, s->argument ? "=" : "");
		if (s->id)
			printf("-%c ", s->id);
	}
	puts("--help -h' ;;");
}

void completion_bash(void)
{
	puts("# What bash offers behind anyarch; made by \"anyarch completion bash\".\n# shellcheck shell=bash\n");
	printf("_anyarch_platforms='");
	completion_platforms();
	puts("'\n\n# COMMAND OPTION: sets kind or words to what the value of the option may be; false for a switch.\n"
	     "_anyarch_value() {\n	case \"$1 $2\" in");
	for (size_t i = 0; commands[i]; i++)
		for (const struct option_spec *s = commands[i]->specs; s && s->name; s++)
			if (s->argument && !s->is_hidden)
				bash_value(commands[i], s);
	printf("	*) return 1 ;;\n	esac\n}\n\n# COMMAND: its words, and the kind of words that are no "
	       "options.\n"
	       "_anyarch_words() {\n	case $1 in\n	'') words='");
	for (size_t i = 0; commands[i]; i++)
		printf("%s ", commands[i]->name);
	puts("--help --version' ;;");
	for (size_t i = 0; commands[i]; i++)
		bash_words(commands[i]);
	printf("	esac\n}\n\n%s", bash_tail);
}
