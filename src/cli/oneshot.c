// SPDX-License-Identifier: MIT
/* anyarch oneshot: the entry point of a set-up container, in the languages that people already type. */
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "cli/legacy.h"
#include "cli/render.h"

static int show_help(void)
{
	puts("Usage: anyarch oneshot [ARGUMENTS]\n\n"
	     "The entry point of a set-up container. Without arguments it sets the machine up, unless\n"
	     "that has been done, for every emulator in the image, and prints the status as JSON.\n"
	     "It also takes any anyarch command, and what other registrars take:\n\n"
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

/* Whether one of the words is this flag, with one dash or two, alone or with =VALUE. */
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

static bool has_any(int argc, char **argv, const char *const *names)
{
	for (; *names; names++)
		if (has_flag(argc, argv, *names))
			return true;
	return false;
}

/* Some handler that works already: then it is somebody's choice which ones there are. */
static bool is_set_up(bool *ret)
{
	auto_free struct status *status = mem_new(1, sizeof(*status));
	struct name_set none = { 0 };
	auto_err e = { 0 };

	if (status_collect(NULL, true, &none, status, &e)) {
		say_error(&e);
		return false;
	}
	*ret = status->is_emulating;
	status_done(status);
	return true;
}

static int set_up(void)
{
	struct register_options options = { .names = { .is_all = true } };
	auto_report report = { 0 };
	auto_err e = { 0 };
	int status, lasting;

	if (register_run(&options, &report, &e))
		return exit_with(&e);
	status = render_register_errors(&report, &options);
	if (!status && !report.n)
		return legacy_nothing(&options.search);
	lasting = render_lasting(&report, &options, false);
	return status ? status : lasting;
}

static int set_up_and_print(void)
{
	bool done = false;
	int status, printed;

	if (!is_set_up(&done))
		return EXIT_TROUBLE;
	status = done ? EXIT_DONE : set_up();
	if (status && status != EXIT_NOT_LASTING)
		return status;
	printed = legacy_print_status(NULL);
	return status ? status : printed;
}

static int run_command(int argc, char **argv, int *ret_status)
{
	for (size_t i = 0; commands[i]; i++)
		if (commands[i] != &cmd_oneshot && !strcmp(argv[0], commands[i]->name)) {
			*ret_status = command_run(commands[i], argc, argv);
			return true;
		}
	return false;
}

static int run(void *context, int argc, char **argv, struct err *e)
{
	static const char *const binfmt[] = { "install", "uninstall", "mount", "version", NULL };
	int status;

	stop_catch();
	if (argc && !strcmp(argv[0], "oneshot"))
		return run(context, argc - 1, argv + 1, e);
	if (argc && run_command(argc, argv, &status))
		return status;
	if (argc && *argv[0] != '-')
		return unknown_command(argv[0]);
	say_reasons_last();
	if (!argc)
		return set_up_and_print();
	if (has_flag(argc, argv, "help") || has_flag(argc, argv, "h"))
		return show_help();
	if (has_any(argc, argv, binfmt))
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
