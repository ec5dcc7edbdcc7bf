// SPDX-License-Identifier: MIT
/*
 * anyarch oneshot: the entry point of a set-up container, and the command lines of older registrars, mapped to
 * anyarch's own functions. Unlike the originals, it fails if any step failed. Log lines go to stderr, answers to
 * stdout.
 */
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "binfmt/unregister.h"
#include "cli/render.h"

/* Prints the status as JSON, in the form that callers of container registrars parse. Returns an exit status. */
static int print_status(const char *mount_at)
{
	auto_free struct status *status = mem_new(1, sizeof(*status));
	struct name_set none = { 0 };
	auto_err e = { 0 };
	int r;

	if (status_collect(mount_at, true, &none, status, &e))
		return exit_with(&e);
	r = render_oneshot(status);
	status_done(status);
	return r;
}

/*
 * Reports failures and how long the new handlers last. If nothing was registered: EXIT_DONE if this machine natively
 * runs what the image's emulators are for, as an ARM machine may; an error if the image has no emulator.
 */
static int finish(const struct register_report *report, const struct register_options *options, bool quiet)
{
	int status = render_register_errors(report, options), lasting;
	auto_err e = { 0 };

	if (!status && !report->n && search_finds_any(&options->search)) {
		say_note("nothing to do: this machine natively runs the programs of all these emulators");
		return EXIT_DONE;
	}
	if (!status && !report->n) {
		err_set(&e, -ENOENT, "this image contains no emulator");
		err_hint(&e, "copy qemu-ARCH-static into /usr/bin of the image");
		return exit_with(&e);
	}
	lasting = render_lasting(report, options, quiet);
	return status ? status : lasting;
}

/* Callers show the last line of stderr: it lists the emulators in the image instead of a package to install. */
static void explain_absent(struct register_report *report, const struct search *search)
{
	auto_buf has = { 0 };

	for (const struct arch *a = NULL; (a = arch_next(a));) {
		auto_emulator emulator = EMULATOR_INIT;

		if (!search_emulator(search, a, &emulator, NULL, NULL))
			buf_addf(&has, "%s%s", has.len ? ", " : "; it has ", arch_word(a));
	}
	for (size_t i = 0; i < report->n; i++) {
		struct register_item *item = &report->items[i];

		if (item->result != REGISTER_REFUSED || item->err.code != -ENOENT)
			continue;
		err_done(&item->err);
		err_set(&item->err, -ENOENT, "this image has no emulator for it%s", buf_text(&has));
	}
}

/* Removes handlers, and logs "uninstalling: NAME OK". */
static int uninstall(const char *word, const char *mount_at)
{
	struct unregister_options options = {
		.words = &word, .n_words = 1, .mount_at = mount_at, .name_prefix = getenv("QEMU_BINARY_PREFIX")
	};
	struct unregister_report report = { 0 };
	auto_err e = { 0 };
	int r = unregister_run(&options, &report, &e), status = EXIT_DONE;

	if (r && r != -ENOENT)
		status = exit_with(&e);
	else if (r || !report.n_removed)
		fprintf(stderr, "uninstalling: %s not found\n", word);
	for (size_t i = 0; i < report.n_removed; i++)
		fprintf(stderr, "uninstalling: %s OK\n", report.removed[i]);
	unregister_done(&report);
	return status;
}

static int install(const char *list, const char *mount_at)
{
	const char *path = getenv("QEMU_BINARY_PATH"), *prefix = getenv("QEMU_BINARY_PREFIX");
	const char *argv0 = getenv("QEMU_PRESERVE_ARGV0");
	struct register_options options = { .credentials = true, .mount_at = mount_at };
	auto_report report = { 0 };
	auto_err e = { 0 };

	if (name_set_add(&options.names, list, &e))
		return exit_with(&e);
	if (prefix && strchr(prefix, '/')) {
		err_set(&e, -EINVAL, "QEMU_BINARY_PREFIX must have no '/'");
		return exit_with(&e);
	}
	if (path && *path)
		options.search.dirs[options.search.n_dirs++] = path;
	if (prefix && *prefix)
		options.search.prefix = options.name_prefix = prefix;
	if (argv0 && *argv0)
		options.argv0 = ARGV0_ON;
	say_note("--install sets the credentials flag (C), as its callers rely on it; "
		 "'register' does not");
	if (register_run(&options, &report, &e))
		return exit_with(&e);
	for (size_t i = 0; i < report.n; i++) {
		const struct register_item *item = &report.items[i];
		const char *name = item->arch->oci ? item->arch->oci : item->arch->qemu;

		if (item->match)
			continue;
		if (item->result == REGISTER_UNCHANGED)
			fprintf(stderr, "installing: %s %s already registered\n", name, item->rule.name);
		else if (item->result == REGISTER_DONE || item->result == REGISTER_REPLACED)
			fprintf(stderr, "installing: %s OK\n", name);
		else if (item->result == REGISTER_NATIVE)
			fprintf(stderr, "installing: %s runs natively\n", name);
	}
	explain_absent(&report, &options.search);
	return finish(&report, &options, true);
}

/* An option of a registrar: NAME VALUE or NAME=VALUE. */
struct legacy_option {
	const char *brief, *name;
	size_t offset; /* of the member that receives the value */
	enum { LEGACY_TEXT = 0, LEGACY_YES_OR_NO, LEGACY_SWITCH } type;
};

/* Sets one option, and returns the number of words used; 0: not this option, or its value is missing or invalid. */
static int take_option(const struct legacy_option *option, void *context, int argc, char **argv)
{
	const char *word = argv[0] + strspn(argv[0], "-"), *value = argc > 1 ? argv[1] : NULL;
	size_t len = strlen(option->name);
	void *member = (char *)context + option->offset;
	bool is_joined = false;

	if (!option->brief || strcmp(argv[0], option->brief)) {
		is_joined = word[0] && !strncmp(word, option->name, len) && word[len] == '=';
		if (word == argv[0] || word - argv[0] > 2 || (!is_joined && strcmp(word, option->name)))
			return 0;
	}
	if (option->type == LEGACY_SWITCH) {
		*(bool *)member = true;
		return 1;
	}
	if (is_joined)
		value = word + len + 1;
	if (!value || (option->type == LEGACY_YES_OR_NO && strcmp(value, "yes") && strcmp(value, "no")))
		return 0;
	if (option->type == LEGACY_YES_OR_NO)
		*(bool *)member = !strcmp(value, "yes");
	else
		*(const char **)member = value;
	return is_joined ? 1 : 2;
}

/* Parses all arguments; options end with a nameless one. EXIT_DONE, or the status for a word that is not an option. */
static int take_options(const struct legacy_option *options, void *context, int argc, char **argv)
{
	for (int i = 0, used; i < argc; i += used) {
		used = 0;
		for (const struct legacy_option *o = options; o->name && !used; o++)
			used = take_option(o, context, argc - i, argv + i);
		if (!used) {
			auto_err e = { 0 };

			err_set(&e, -EINVAL, "oneshot: unknown or incomplete option '%s'", argv[i]);
			err_hint(&e, "anyarch oneshot --help");
			return exit_with(&e);
		}
	}
	return EXIT_DONE;
}

struct binfmt {
	const char *install, *uninstall, *mount;
	bool version;
};

/* tonistiigi/binfmt: --install LIST, --uninstall LIST, --mount DIR, --version; JSON on stdout. */
static int run_binfmt(int argc, char **argv)
{
	static const struct legacy_option options[] = {
		{ NULL, "install", offsetof(struct binfmt, install), LEGACY_TEXT },
		{ NULL, "uninstall", offsetof(struct binfmt, uninstall), LEGACY_TEXT },
		{ NULL, "mount", offsetof(struct binfmt, mount), LEGACY_TEXT },
		{ NULL, "version", offsetof(struct binfmt, version), LEGACY_SWITCH },
		{ 0 },
	};
	struct binfmt c = { 0 };
	int status = take_options(options, &c, argc, argv), r;
	const char *item;
	size_t len;

	if (status)
		return status;
	if (c.version) {
		fprintf(stderr, "anyarch/" ANYARCH_VERSION "\n");
		return EXIT_DONE;
	}
	while (c.uninstall && str_next_item(&c.uninstall, &item, &len)) {
		auto_free char *word = mem_part(item, len);

		r = uninstall(word, c.mount);
		status = status ? status : r;
	}
	r = c.install && *c.install ? install(c.install, c.mount) : EXIT_DONE;
	status = status ? status : r;
	return status ? status : print_status(c.mount);
}

struct conf_script {
	const char *path, *suffix;
	bool reset, persistent, credential, argv0;
};

/* For --reset: after the new handlers work, removes all other qemu-* handlers. */
static int remove_others(const struct register_report *kept)
{
	const char *word = "qemu-*";
	struct unregister_options look = { .words = &word, .n_words = 1, .dry_run = true };
	struct unregister_report found = { 0 };
	auto_err e = { 0 };
	int status = EXIT_DONE;

	if (unregister_run(&look, &found, &e))
		status = exit_with(&e);
	for (size_t k = 0; k < found.n_removed && !status; k++) {
		const char *name = found.removed[k];
		struct unregister_options one = { .words = &name, .n_words = 1 };
		struct unregister_report done = { 0 };
		bool is_kept = false;

		for (size_t i = 0; i < kept->n; i++)
			is_kept |= kept->items[i].result != REGISTER_REFUSED &&
				   kept->items[i].result != REGISTER_FAILED && !strcmp(kept->items[i].rule.name, name);
		if (!is_kept && unregister_run(&one, &done, &e) && e.code != -ENOENT)
			status = exit_with(&e);
		unregister_done(&done);
	}
	unregister_done(&found);
	return status;
}

/* multiarch/qemu-user-static and qemu-binfmt-conf.sh: --reset, -p yes, -c yes, --qemu-path, … */
static int run_conf_script(int argc, char **argv)
{
	static const struct legacy_option accepted[] = {
		{ NULL, "reset", offsetof(struct conf_script, reset), LEGACY_SWITCH },
		{ "-Q", "qemu-path", offsetof(struct conf_script, path), LEGACY_TEXT },
		{ "-F", "qemu-suffix", offsetof(struct conf_script, suffix), LEGACY_TEXT },
		{ "-p", "persistent", offsetof(struct conf_script, persistent), LEGACY_YES_OR_NO },
		{ "-c", "credential", offsetof(struct conf_script, credential), LEGACY_YES_OR_NO },
		{ "-g", "preserve-argv0", offsetof(struct conf_script, argv0), LEGACY_YES_OR_NO },
		{ 0 },
	};
	const char *dir = getenv("QEMU_BIN_DIR");
	struct conf_script c = { .path = dir && *dir ? dir : "/usr/bin", .suffix = "-static" };
	struct register_options options = { .names = { .is_all = true } };
	int status = take_options(accepted, &c, argc, argv), lasting;
	auto_report report = { 0 };
	auto_err e = { 0 };

	if (status)
		return status;
	options.credentials = c.credential;
	options.argv0 = c.argv0 ? ARGV0_ON : ARGV0_OFF;
	options.is_unfixed = !c.persistent;
	options.exact = options.replace = c.reset;
	options.search.dirs[options.search.n_dirs++] = c.path;
	options.search.prefix = "";
	options.search.suffix = c.suffix;
	if (options.is_unfixed)
		say_warning("without '-p yes' the handlers are not fixed: each root filesystem needs "
			    "its own emulator");
	if (register_run(&options, &report, &e))
		return exit_with(&e);
	for (size_t i = 0; i < report.n; i++)
		if (report.items[i].rule.interpreter && !report.items[i].err.code)
			printf("Setting %s as binfmt interpreter for %s\n", report.items[i].rule.interpreter,
				report.items[i].arch->qemu);
	status = render_register_errors(&report, &options);
	if (!status && !report.n) {
		err_set(&e, -ENOENT, "no emulator found in %s", c.path);
		return exit_with(&e);
	}
	if (!status && c.reset)
		status = remove_others(&report);
	lasting = render_lasting(&report, &options, true);
	return status ? status : lasting;
}

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

/* If any handler works already, the set of handlers was chosen by the administrator: register nothing. */
static int set_up_and_print(void)
{
	auto_free struct status *now = mem_new(1, sizeof(*now));
	struct register_options options = { .names = { .is_all = true } };
	struct name_set none = { 0 };
	int status = EXIT_DONE, printed;
	auto_report report = { 0 };
	auto_err e = { 0 };

	if (status_collect(NULL, true, &none, now, &e)) {
		say_error(&e);
		return EXIT_TROUBLE;
	}
	if (!now->is_emulating)
		status = register_run(&options, &report, &e) ? exit_with(&e) : finish(&report, &options, false);
	status_done(now);
	if (status && status != EXIT_NOT_LASTING)
		return status;
	printed = print_status(NULL);
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
			return run_binfmt(argc, argv);
	return run_conf_script(argc, argv);
}

const struct command cmd_oneshot = {
	"oneshot",
	"[ARGUMENTS]",
	"container entry point, compatible with other registrars' options",
	run,
	.is_raw = true,
};
