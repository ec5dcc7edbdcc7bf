// SPDX-License-Identifier: MIT
/* anyarch oneshot: the entry point of a set-up container; accepts the options of other registrars. */
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/legacy.h"
#include "cli/render.h"

static int show_help(void)
{
	puts("Usage: anyarch oneshot [ARGUMENTS]\n\n"
	     "The entry point of a set-up container. Without arguments, it registers every emulator in\n"
	     "the image, unless a handler already works, and prints the status as JSON.\n"
	     "It also accepts any anyarch command, and the options of other registrars:\n\n"
	     "  --install all|LIST, --uninstall LIST|GLOB, --mount DIR, --version\n"
	     "  --reset, -p yes, -c yes, -g yes, --qemu-path DIR, --qemu-suffix SUFFIX,\n"
	     "  --persistent yes, --credential yes, --preserve-argv0 yes\n"
	     "  -h, --help\n\n"
	     "Examples:\n"
	     "  docker run --rm --privileged anyarch\n"
	     "  docker run --rm --privileged anyarch --install arm64,arm\n"
	     "  docker run --rm --privileged anyarch status");
	return finish_output(EXIT_DONE);
}

/* Whether an argument is this flag, with one or two dashes, alone or with =VALUE. */
static bool has_flag(int argc, char **argv, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i] + strspn(argv[i], "-");

		if (*argv[i] == '-' && !strncmp(word, name, len) && (!word[len] || word[len] == '='))
			return true;
	}
	return false;
}

static int set_up(void)
{
	struct register_options options = { .names = { .is_all = true } };
	auto_report report = { 0 };
	auto_err e = { 0 };

	return register_run(&options, &report, &e) ? exit_with(&e) : legacy_finish(&report, &options, false);
}

/* If any handler works already, the set of handlers was chosen by the administrator: register nothing. */
static int set_up_and_print(void)
{
	auto_free struct status *now = mem_new(1, sizeof(*now));
	struct name_set none = { 0 };
	int status = EXIT_DONE, printed;
	auto_err e = { 0 };

	if (status_collect(NULL, true, &none, now, &e)) {
		say_error(&e);
		return EXIT_TROUBLE;
	}
	if (!now->is_emulating)
		status = set_up();
	status_done(now);
	if (status && status != EXIT_NOT_LASTING)
		return status;
	printed = legacy_print_status(NULL);
	return status ? status : printed;
}

static int run(void *context, int argc, char **argv, struct err *e)
{
	static const char *const binfmt[] = { "install", "uninstall", "mount", "version" };

	stop_catch();
	if (argc && !strcmp(argv[0], "oneshot"))
		return run(context, argc - 1, argv + 1, e);
	for (size_t i = 0; argc && commands[i]; i++)
		if (!strcmp(argv[0], commands[i]->name))
			return command_run(commands[i], argc, argv);
	if (argc && *argv[0] != '-')
		return unknown_command(argv[0]);
	say_reasons_last();
	if (!argc)
		return set_up_and_print();
	if (has_flag(argc, argv, "help") || has_flag(argc, argv, "h"))
		return show_help();
	for (size_t i = 0; i < ARRAY_SIZE(binfmt); i++)
		if (has_flag(argc, argv, binfmt[i]))
			return legacy_binfmt(argc, argv);
	return legacy_conf_script(argc, argv);
}

const struct command cmd_oneshot = {
	"oneshot",
	"[ARGUMENTS]",
	"container entry point, compatible with other registrars' options",
	run,
	.is_raw = true,
};
