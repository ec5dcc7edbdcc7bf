// SPDX-License-Identifier: MIT
/* anyarch completion: prints the shells' scripts, and the candidates that these scripts ask for. */
#include <string.h>

#include "cli/completion.h"
#include "cli/options.h"

/* Generated from completions/ by the build. */
static const char bash[] =
#include "anyarch.bash.inc"
	;
static const char zsh[] =
#include "_anyarch.inc"
	;
static const char fish[] =
#include "anyarch.fish.inc"
	;

static int run(void *context, int n, char **words, struct err *e)
{
	static const struct {
		const char *name, *script;
	} scripts[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
	char **argv = words - 1;
	int first;

	if (n && !strcmp(words[0], "words")) /* the words include other commands' options: do not parse them */
		return completion_words(n - 1, words + 1);
	first = options_parse(&cmd_completion, n + 1, argv, context, e);
	if (first < 0)
		return first;
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		if (!strcmp(scripts[i].name, argv[first])) {
			fputs(scripts[i].script, stdout);
			return EXIT_DONE;
		}
	err_set(e, -EINVAL, "completion: unknown shell '%s'", argv[first]);
	return err_hint(e, "anyarch completion bash, zsh or fish");
}

static const struct option_spec specs[] = { { 0 } };

const struct command cmd_completion = {
	"completion",
	"[OPTION...] bash|zsh|fish",
	"print a shell completion script",
	run,
	specs,
	.is_raw = true,
	.least_words = 1,
	.most_words = 1,
	.examples = "  source <(anyarch completion bash)\n"
		    "  anyarch completion bash >>~/.bash_completion\n"
		    "  anyarch completion fish >~/.config/fish/completions/anyarch.fish\n",
};
