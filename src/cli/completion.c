// SPDX-License-Identifier: MIT
/* anyarch completion: what a shell offers while a command line is typed, from the tables that --help is made of. */
#include <ctype.h>
#include <string.h>

#include "arch/name.h"
#include "base/memory.h"
#include "binfmt/table.h"
#include "cli/completion.h"
#include "cli/options.h"
#include "project/engine.h"

/* For bash the first letter is an option of compgen(1), or it is the name of a list. */
static const struct completion_kind kinds[] = {
#define KIND_FILES                                                                                                     \
	{                                                                                                              \
		"files", "_files", "-r -F"                                                                             \
	}
#define KIND_DIRS                                                                                                      \
	{                                                                                                              \
		"dirs", "_directories", "-x -a '(__fish_complete_directories)'"                                        \
	}
#define KIND_PLATFORMS                                                                                                 \
	{                                                                                                              \
		"platforms", "_anyarch_platforms all", "-x -a '(__fish_complete_list , \"__anyarch_platforms all\")'"  \
	}
#define KIND_PLATFORM                                                                                                  \
	{                                                                                                              \
		"platform", "_anyarch_platforms", "-x -a '(__anyarch_platforms)'"                                      \
	}
	{ "FILE", KIND_FILES },
	{ "SRC:DST", KIND_FILES },
	{ "TARGET...", KIND_FILES },
	{ "[TARGET...]", KIND_FILES },
	{ "IMAGE OUT", KIND_FILES },
	{ "OUT IMAGE...", KIND_FILES },
	{ "DIR", KIND_DIRS },
	{ "[DIR]", KIND_DIRS },
	{ "PLATFORM", KIND_PLATFORM },
	{ "ARCH=FILE", KIND_PLATFORM },
	{ "PLATFORM,...", KIND_PLATFORMS },
	{ "[PLATFORM...]", KIND_PLATFORMS },
	{ "[NAME...]", KIND_PLATFORMS },
	{ "[PLATFORM|NAME|GLOB...]", { "handlers", "_anyarch_handlers", "-x -a '(__anyarch_handlers)'" } },
	{ "[--] COMMAND [ARGUMENT...]",
		{ "commands", "_normal", "-x -a '(__fish_complete_subcommand --fcs-skip=2)'" } },
};

const struct completion_kind *completion_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].word, word))
			return &kinds[i];
	return NULL;
}

void completion_words(struct buf *out, const struct command *command, const char *argument)
{
	if (!strcmp(argument, "COL,...")) {
		for (const struct column *c = command->columns; c->name; c++)
			buf_addf(out, "%s%s", out->len ? " " : "", c->name);
	} else if (!strcmp(argument, "ENGINE")) {
		buf_adds(out, "auto ");
		engine_names(out, " ", "");
	} else if (islower(*argument) && strchr(argument, '|')) {
		for (; *argument; argument++)
			buf_add(out, *argument == '|' ? " " : argument, 1);
	}
}

const char *completion_others(const struct command *command)
{
	const char *words = command->arguments;

	return strncmp(words, "[OPTION...] ", 12) ? words : words + 12;
}

/* What it is called by people, by Docker's official images and in TARGET_ARCHES, and by anyarch itself. */
static void print_platform(const struct platform *platform)
{
	static const char os[] = "linux/";
	struct name_words words = name_words(platform);
	auto_buf buf = { 0 };
	const char *name;

	name_platform(&buf, platform->arch, platform->variant);
	name = buf_text(&buf);
	if (strncmp(name, os, strlen(os))) {
		printf(" %s", platform->arch->qemu);
		return;
	}
	printf(" %s %s", name + strlen(os), name);
	if (*words.docker && strcmp(words.docker, name + strlen(os)))
		printf(" %s", words.docker);
}

void completion_platforms(void)
{
	static const char *const older[] = { "arm/v6", "arm/v5" }; /* of which the table has the newest */
	struct platform platform;

	printf("arm");
	for (const struct arch *a = NULL; (a = arch_next(a));) {
		platform = (struct platform){ .arch = a };
		snprintf(platform.variant, sizeof(platform.variant), "%s", a->variant ? a->variant : "");
		print_platform(&platform);
	}
	for (size_t i = 0; i < ARRAY_SIZE(older); i++)
		if (!name_parse(older[i], strlen(older[i]), &platform, NULL))
			print_platform(&platform);
}

void completion_quote(const char *text, const char *set, const char *quote)
{
	for (; *text; text++)
		if (*text == '\'')
			printf("%s", quote);
		else
			printf("%s%c", strchr(set, *text) ? "\\" : "", *text);
}

/*
 * The names of the registered handlers. Nothing is mounted, and what cannot be read is nothing to offer. A shell may
 * take these words for its own syntax, and who may register is not who completes: only harmless names.
 */
static void print_handlers(void)
{
	auto_instance instance = INSTANCE_INIT;
	auto_free char *path = NULL;
	auto_table table = { 0 };
	auto_err e = { 0 };

	if (instance_find(NULL, &path) != INSTANCE_VISIBLE || instance_open_read(path, &instance, &e) ||
		table_load(&instance, &table, &e))
		return;
	for (size_t i = 0; i < table.n; i++) {
		const char *name = table.entries[i].rule.name;

		if (*name != '-' &&
			!name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")])
			puts(name);
	}
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} scripts[] = { { "bash", completion_bash }, { "zsh", completion_zsh }, { "fish", completion_fish },
		{ "handlers", print_handlers } };
	auto_err e = { 0 };
	int status, first = options_parse(&cmd_completion, argc, argv, NULL, &status);

	if (first < 0)
		return status;
	for (size_t i = 0; argc == first + 1 && i < ARRAY_SIZE(scripts); i++)
		if (!strcmp(scripts[i].name, argv[first])) {
			scripts[i].print();
			return EXIT_DONE;
		}
	err_set(&e, -EINVAL, "completion: which shell?");
	err_hint(&e, "one of bash, zsh, fish");
	return exit_with(&e);
}

static const struct option_spec specs[] = { { 0 } };

const struct command cmd_completion = {
	"completion",
	"[OPTION...] bash|zsh|fish|handlers",
	"print what a shell offers while a command is typed",
	run,
	specs,
};
