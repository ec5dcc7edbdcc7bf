// SPDX-License-Identifier: MIT
/* Entry point: selects the command and knows nothing about what it does. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "base/str.h"
#include "cli/options.h"

const struct command *const commands[] = {
	&cmd_register,
	&cmd_unregister,
	&cmd_status,
	&cmd_inspect,
	&cmd_doctor,
	&cmd_inject,
	&cmd_eject,
	&cmd_convert,
	&cmd_index,
	&cmd_init,
	&cmd_render,
	&cmd_build,
	&cmd_run,
	&cmd_toolchain,
	&cmd_names,
	&cmd_oneshot,
	&cmd_completion,
	NULL,
};

static int show_help(void)
{
	puts("Usage: anyarch COMMAND [ARGUMENTS]\n\n"
	     "Run programs built for other CPU architectures.\n\n"
	     "Commands:");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
	puts("\nOptions:\n"
	     "  -h, --help     show this help\n"
	     "  -V, --version  show the version, libraries and emulators\n"
	     "\n'anyarch help COMMAND' explains a command. The usual first step:\n"
	     "  sudo anyarch register arm arm64");
	return finish_output(EXIT_DONE);
}

int unknown_command(const char *name)
{
	/* Names that other registrars, package managers and container engines use for the same command. */
	static const struct {
		const char *words, *meant;
	} elsewhere[] = {
		{ "install add enable setup binfmt", "register" },
		{ "uninstall remove rm delete disable", "unregister" },
		{ "list ls ps show info", "status" },
		{ "check diagnose debug why", "doctor" },
		{ "file arch", "inspect" },
		{ "exec shell chroot", "run" },
		{ "new create", "init" },
		{ "merge manifest", "index" },
		{ "v", "--version" },
	};
	const char *best = NULL, *word = name + strspn(name, "-");
	unsigned least = 3;
	auto_err e = { 0 };

	for (size_t i = 0; commands[i]; i++) {
		unsigned d = strcasecmp(word, commands[i]->name) ? str_distance(word, commands[i]->name, 2) : 0;

		if (d < least && 2 * d < strlen(word)) {
			least = d;
			best = commands[i]->name;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
		if (str_in_words(elsewhere[i].words, word, strlen(word)))
			best = elsewhere[i].meant;
	err_set(&e, -EINVAL, "unknown command '%s'", name);
	err_hint(&e, best ? "did you mean 'anyarch %s'?" : "anyarch %s", best ? best : "--help");
	return exit_with(&e);
}

int command_run(const struct command *command, int argc, char **argv)
{
	auto_free void *context = mem_new(1, command->context_size + 1);
	auto_err e = { 0 };
	int r = command->is_raw ? 1 : options_parse(command, argc, argv, context, &e);

	if (r >= 0)
		r = command->run(context, argc - r, argv + r, &e);
	if (command->done)
		command->done(context);
	if (r >= 0 || r == -ECANCELED) /* help was shown */
		return r < 0 ? EXIT_DONE : r;
	e.code = e.code ? e.code : r;
	r = exit_with(&e);
	return command->failure ? command->failure : r;
}

/*
 * With lower limits than any command needs, a call would fail with a misleading error, or a stack overflow would end
 * the program with a signal.
 */
static int check_limits(struct err *e)
{
	static const struct {
		int resource;
		rlim_t least, unit;
		const char *what, *option;
	} limits[] = {
		{ RLIMIT_NOFILE, 64, 1, "open files", "-n" },
		{ RLIMIT_STACK, 512 << 10, 1024, "KiB of stack", "-s" },
	};
	struct rlimit now;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (!getrlimit(limits[i].resource, &now) && now.rlim_cur < limits[i].least) {
			err_set(e, -EOPNOTSUPP, "only %lu %s allowed per process; anyarch needs %lu",
				(unsigned long)(now.rlim_cur / limits[i].unit), limits[i].what,
				(unsigned long)(limits[i].least / limits[i].unit));
			return err_hint(e, "ulimit %s %lu", limits[i].option,
				(unsigned long)(limits[i].least / limits[i].unit));
		}
	return 0;
}

int main(int argc, char **argv)
{
	/*
	 * A file opened later must not become standard output by taking its number, and writing to a closed stream must
	 * fail: 0 is opened for writing and 1 for reading.
	 */
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };
	static char help[] = "--help";
	auto_err e = { 0 };
	const char *name;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			_exit(EXIT_TROUBLE);
	prepare_for_end();
	signal(SIGXFSZ, SIG_IGN); /* exceeding RLIMIT_FSIZE is an error (EFBIG) */
	if (argc < 2) {
		show_help();
		return EXIT_USAGE;
	}
	name = argv[1];
	if (!strcmp(name, "help") && argc > 2 && *argv[2] != '-') { /* "help COMMAND" is "COMMAND --help" */
		argv[1] = argv[2];
		argv[2] = help;
		name = argv[1];
		argc = 3;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return show_help();
	if (!strcmp(name, "--version") || !strcmp(name, "-V") || !strcmp(name, "version"))
		return show_version();
	if (check_limits(&e))
		return exit_with(&e);
	progress_start();
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(name, commands[i]->name))
			return finish_output(command_run(commands[i], argc - 1, argv + 1));
	return unknown_command(name);
}
