// SPDX-License-Identifier: MIT
/* anyarch completion: prints the shells' scripts, and the words that may replace the one under the cursor. */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "binfmt/table.h"
#include "cli/options.h"
#include "project/engine.h"

/*
 * The answer has a line for each candidate, optionally followed by a tab and a description. Where the shell itself
 * knows the candidates, it is one line: ":files", ":dirs", ":commands", or ":command N" for an independent command line
 * that begins N words after anyarch.
 */
struct typed {
	const struct command *command;
	const char *prefix; /* printed before each candidate: "--platform=arm64," */
	size_t prefix_len;
	const char *word;
};

static bool offer(const struct typed *t, const char *word, const char *help)
{
	if (!str_starts(word, t->word))
		return false;
	printf("%.*s%s%s%s\n", (int)t->prefix_len, t->prefix, word, help ? "\t" : "", help ? help : "");
	return true;
}

/* Offers the OCI, Docker and QEMU names; names of other schemes only if none of these matches. */
static void offer_platforms(const struct typed *t, bool is_list)
{
	static const char *const older[] = { "arm/v6", "arm/v5" }; /* the architecture table has the newest only */
	struct platform platforms[ARCH_COUNT_MAX + ARRAY_SIZE(older)];
	bool is_any = offer(t, "arm", NULL);
	size_t n = 0;

	for (const struct arch *a = NULL; (a = arch_next(a));) {
		platforms[n] = (struct platform){ .arch = a };
		snprintf(platforms[n++].variant, NAME_VARIANT_MAX, "%s", a->variant ? a->variant : "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(older); i++)
		n += !name_parse(older[i], strlen(older[i]), &platforms[n], NULL);
	for (size_t i = 0; i < n; i++) {
		struct name_words words = name_words(&platforms[i]);
		struct name_text name = name_text(&platforms[i]);
		const char *brief = name.text + strlen("linux/");

		if (!platforms[i].arch->oci) {
			is_any |= offer(t, platforms[i].arch->qemu, NULL);
			continue;
		}
		is_any |= offer(t, brief, NULL);
		is_any |= offer(t, name.text, NULL);
		is_any |= *words.docker && strcmp(words.docker, brief) && offer(t, words.docker, NULL);
	}
	if (is_list)
		is_any |= offer(t, "all", NULL);
	for (struct name_spelling s = { 0 }; !is_any && name_next(&s);) {
		char word[64];

		snprintf(word, sizeof(word), "%.*s", (int)s.len, s.name);
		offer(t, word, NULL);
	}
}

/* Whether an entry matches programs of another architecture. */
static bool is_foreign(const struct table_entry *entry)
{
	const struct table one = { .entries = (struct table_entry *)(uintptr_t)entry, .n = 1 };

	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; a != arch_host() && m < ARCH_MATCHES_MAX && a->match[m].handler; m++) {
			uint8_t head[64];
			int len = str_from_hex(a->match[m].magic, head, sizeof(head));

			if (!strcmp(entry->rule.name, a->match[m].handler) ||
				(len > 0 && table_match(&one, head, (size_t)len)))
				return true;
		}
	return false;
}

/*
 * Offers handlers without mounting anything; an unreadable table offers none. A handler's name is chosen by whoever may
 * register, and the shell may interpret it: only names of harmless characters are offered.
 */
static void offer_handlers(const struct typed *t)
{
	auto_table table = { 0 };

	if (table_load_mounted(&table))
		return;
	for (size_t i = 0; i < table.n; i++) {
		const char *name = table.entries[i].rule.name;

		if (*name != '-' && is_foreign(&table.entries[i]) &&
			!name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")])
			offer(t, name, NULL);
	}
}

static void skip_list(struct typed *t)
{
	const char *comma = strrchr(t->word, ',');

	if (!comma)
		return;
	t->prefix_len += (size_t)(comma + 1 - t->word);
	t->word = comma + 1;
}

static void offer_choices(const struct typed *t, const char *choices)
{
	for (; *choices; choices += *choices == '|') {
		char word[64];
		size_t len = strcspn(choices, "|");

		snprintf(word, sizeof(word), "%.*s", (int)len, choices);
		offer(t, word, NULL);
		choices += len;
	}
}

/* Offers values for a word of the usage: "DIR", "COL,...", "auto|on|off". */
static void offer_argument(struct typed *t, const char *argument)
{
	static const char *const files[] = { "FILE", "SRC:DST", "TARGET...", "[TARGET...]", "IMAGE OUT", "OUT IMAGE...",
		"IMAGE..." };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(argument, files[i]))
			puts(":files");
	if (!strcmp(argument, "DIR") || !strcmp(argument, "[DIR]"))
		puts(":dirs");
	else if (!strcmp(argument, "ARCH=FILE") && strchr(t->word, '='))
		puts(":files");
	else if (!strcmp(argument, "PLATFORM") || !strcmp(argument, "ARCH=FILE"))
		offer_platforms(t, false);
	else if (!strcmp(argument, "[PLATFORM|NAME|GLOB...]"))
		offer_handlers(t);
	else if (strchr("[P", *argument) && (strstr(argument, "PLATFORM") || strstr(argument, "NAME..."))) {
		skip_list(t);
		offer_platforms(t, true);
	} else if (!strcmp(argument, "COL,...")) {
		skip_list(t);
		for (const struct column *c = t->command->columns; c->name; c++)
			offer(t, c->name, c->help);
	} else if (!strcmp(argument, "ENGINE")) {
		auto_buf choices = { 0 };

		buf_adds(&choices, "auto|");
		engine_names(&choices, "|", "|");
		offer_choices(t, buf_text(&choices));
	} else if (islower(*argument)) {
		offer_choices(t, argument);
	}
}

static void offer_options(const struct typed *t)
{
	for (const struct option_spec *s = t->command->specs; s && s->name; s++) {
		char word[64];

		snprintf(word, sizeof(word), "--%s%s", s->name, s->argument ? "=" : "");
		if (!s->is_hidden)
			offer(t, word, s->help);
		snprintf(word, sizeof(word), "-%c", s->id);
		if (s->id)
			offer(t, word, s->help);
	}
	offer(t, "--help", "show this help");
	offer(t, "-h", "show this help");
}

/* The option that takes the next word as its value: "--jobs", "-j", "-qj". */
static const struct option_spec *find_waiting(const struct command *command, const char *word)
{
	for (const struct option_spec *s = command->specs; s && s->name; s++)
		if (s->argument && *word == '-' &&
			(word[1] == '-' ? !strcmp(word + 2, s->name) : s->id && word[strlen(word) - 1] == s->id))
			return s;
	return NULL;
}

/* Handles the words after the command's name; the last one is under the cursor. */
static void offer_words(struct typed *t, int argc, char **argv)
{
	static const char any_option[] = "[OPTION...] ";
	const char *others = t->command->arguments;
	const struct option_spec *waiting = NULL;
	bool is_ended = false;

	for (int i = 0; i + 1 < argc; i++) {
		const struct option_spec *before = waiting;

		waiting = is_ended || before ? NULL : find_waiting(t->command, argv[i]);
		if (before || (!is_ended && *argv[i] == '-' && strcmp(argv[i], "--")))
			continue;
		if (t->command->stops_at_words && (is_ended || *argv[i] != '-')) {
			printf(":command %d\n", i + 1);
			return;
		}
		is_ended |= !strcmp(argv[i], "--");
	}
	t->prefix = t->word = argv[argc - 1];
	if (waiting) {
		offer_argument(t, waiting->argument);
	} else if (!is_ended && str_starts(t->word, "--") && strchr(t->word, '=')) {
		for (const struct option_spec *s = t->command->specs; s && s->name; s++)
			if (s->argument && strlen(s->name) == strcspn(t->word + 2, "=") &&
				str_starts(t->word + 2, s->name)) {
				t->prefix_len = strlen(s->name) + strlen("--=");
				t->word += t->prefix_len;
				offer_argument(t, s->argument);
				return;
			}
	} else if (!is_ended && *t->word == '-') {
		offer_options(t);
	} else if (t->command->stops_at_words) {
		puts(":commands");
	} else {
		offer_argument(t, str_starts(others, any_option) ? others + strlen(any_option) : others);
	}
}

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
	struct typed t = { .prefix = "", .word = n > 1 ? words[n - 1] : "" };
	char **argv = words - 1;
	int first;

	if (n && !strcmp(words[0], "words")) { /* these include other commands' options: do not parse them */
		for (size_t i = 0; commands[i]; i++)
			if (n < 3)
				offer(&t, commands[i]->name, commands[i]->summary);
			else if (!strcmp(commands[i]->name, words[1]))
				t.command = commands[i];
		if (n < 3) {
			offer(&t, "--help", "show the commands");
			offer(&t, "--version", "show the version");
		} else if (t.command) {
			offer_words(&t, n - 2, words + 2);
		}
		return EXIT_DONE;
	}
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
