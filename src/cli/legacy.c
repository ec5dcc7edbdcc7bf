// SPDX-License-Identifier: MIT
/* The command lines of older registrars, mapped to anyarch's own functions. */
#include "cli/legacy.h"

#include <string.h>

#include "base/memory.h"
#include "base/str.h"
#include "binfmt/unregister.h"
#include "cli/render.h"

int legacy_print_status(const char *mount_at)
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

int legacy_finish(const struct register_report *report, const struct register_options *options, bool quiet)
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

/* The first line of a buffer, for strtok(3); strtok(NULL, ...) would continue with a previous string. */
static char *first_line(struct buf *lines)
{
	return lines->data ? strtok(lines->data, "\n") : NULL;
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
	for (char *line = first_line(&report.removed); line; line = strtok(NULL, "\n"))
		fprintf(stderr, "uninstalling: %s OK\n", line);
	unregister_done(&report);
	return status;
}

static int each_item(const char *list, int (*each)(const char *word, const char *mount_at), const char *mount_at)
{
	const char *item;
	int status = EXIT_DONE;
	size_t len;

	while (list && str_next_item(&list, &item, &len)) {
		auto_free char *word = mem_part(item, len);
		int r = each(word, mount_at);

		status = status ? status : r;
	}
	return status;
}

static int print_installed(const struct register_options *options)
{
	auto_report report = { 0 };
	auto_err e = { 0 };

	if (register_run(options, &report, &e))
		return exit_with(&e);
	for (size_t i = 0; i < report.n; i++) {
		const struct register_item *item = &report.items[i];

		if (item->match)
			continue;
		if (item->result == REGISTER_UNCHANGED)
			fprintf(stderr, "installing: %s %s already registered\n",
				item->arch->oci ? item->arch->oci : item->arch->qemu, item->rule.name);
		else if (item->result == REGISTER_DONE || item->result == REGISTER_REPLACED ||
			 item->result == REGISTER_NATIVE)
			fprintf(stderr, "installing: %s %s\n", item->arch->oci ? item->arch->oci : item->arch->qemu,
				item->result == REGISTER_NATIVE ? "runs natively" : "OK");
	}
	explain_absent(&report, &options->search);
	return legacy_finish(&report, options, true);
}

static int install(const char *list, const char *mount_at)
{
	const char *path = getenv("QEMU_BINARY_PATH"), *prefix = getenv("QEMU_BINARY_PREFIX");
	const char *argv0 = getenv("QEMU_PRESERVE_ARGV0");
	struct register_options options = { .credentials = true, .mount_at = mount_at };
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
	return print_installed(&options);
}

/* Parses Go's flag syntax: -x V, --x V, -x=V. Sets *ret_value and returns the words used; 0: another flag. */
static int go_flag(const char *name, int argc, char **argv, const char **ret_value)
{
	const char *word = argv[0] + strspn(argv[0], "-");
	size_t len = strlen(name);

	if (*argv[0] != '-' || word - argv[0] > 2 || strncmp(word, name, len))
		return 0;
	if (word[len] == '=') {
		*ret_value = word + len + 1;
		return 1;
	}
	if (word[len] || argc < 2)
		return 0;
	*ret_value = argv[1];
	return 2;
}

static int refuse_word(const char *word)
{
	auto_err e = { 0 };

	err_set(&e, -EINVAL, "oneshot: unknown or incomplete option '%s'", word);
	err_hint(&e, "anyarch oneshot --help");
	return exit_with(&e);
}

int legacy_binfmt(int argc, char **argv)
{
	const char *install_list = NULL, *uninstall_list = NULL, *mount_at = NULL;
	int status, r;

	for (int i = 0; i < argc;) {
		int used = go_flag("install", argc - i, argv + i, &install_list);

		used = used ? used : go_flag("uninstall", argc - i, argv + i, &uninstall_list);
		used = used ? used : go_flag("mount", argc - i, argv + i, &mount_at);
		if (!used && str_ends(argv[i], "-version")) {
			fprintf(stderr, "anyarch/" ANYARCH_VERSION "\n");
			return EXIT_DONE;
		}
		if (!used)
			return refuse_word(argv[i]);
		i += used;
	}
	status = each_item(uninstall_list, uninstall, mount_at);
	r = install_list && *install_list ? install(install_list, mount_at) : EXIT_DONE;
	status = status ? status : r;
	if (status)
		return status;
	return legacy_print_status(mount_at);
}

struct conf_script {
	const char *path, *suffix;
	bool reset, persistent, credential, argv0;
};

/* Parses one option and its value. Returns the words used, 0 for an unknown option, -1 for a bad value. */
static int conf_option(struct conf_script *c, int argc, char **argv)
{
	static const struct {
		const char *brief, *name;
		size_t offset;
		bool is_switch;
	} options[] = {
		{ "-Q", "--qemu-path", offsetof(struct conf_script, path), false },
		{ "-F", "--qemu-suffix", offsetof(struct conf_script, suffix), false },
		{ "-p", "--persistent", offsetof(struct conf_script, persistent), true },
		{ "-c", "--credential", offsetof(struct conf_script, credential), true },
		{ "-g", "--preserve-argv0", offsetof(struct conf_script, argv0), true },
	};

	if (!strcmp(argv[0], "--reset")) {
		c->reset = true;
		return 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t len = strlen(options[i].name);
		bool joined = !strncmp(argv[0], options[i].name, len) && argv[0][len] == '=';
		const char *value = joined ? argv[0] + len + 1 : argc > 1 ? argv[1] : NULL;
		void *target = (char *)c + options[i].offset;

		if (!joined && strcmp(argv[0], options[i].brief) && strcmp(argv[0], options[i].name))
			continue;
		if (!value || (options[i].is_switch && strcmp(value, "yes") && strcmp(value, "no")))
			return -1;
		if (options[i].is_switch)
			*(bool *)target = !strcmp(value, "yes");
		else
			*(const char **)target = value;
		return joined ? 1 : 2;
	}
	return 0;
}

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
	for (char *line = first_line(&found.removed); line && !status; line = strtok(NULL, "\n")) {
		struct unregister_options one = { .words = (const char *const *)&line, .n_words = 1 };
		struct unregister_report done = { 0 };
		bool is_kept = false;

		for (size_t i = 0; i < kept->n; i++)
			is_kept |= kept->items[i].result != REGISTER_REFUSED &&
				   kept->items[i].result != REGISTER_FAILED && !strcmp(kept->items[i].rule.name, line);
		if (!is_kept && unregister_run(&one, &done, &e) && e.code != -ENOENT)
			status = exit_with(&e);
		unregister_done(&done);
	}
	unregister_done(&found);
	return status;
}

static int run_conf_script(const struct conf_script *c)
{
	struct register_options options = {
		.names = { .is_all = true },
		.credentials = c->credential,
		.argv0 = c->argv0 ? ARGV0_ON : ARGV0_OFF,
		.is_unfixed = !c->persistent,
		.exact = c->reset,
		.replace = c->reset,
	};
	auto_report report = { 0 };
	auto_err e = { 0 };
	int status, lasting;

	options.search.dirs[options.search.n_dirs++] = c->path;
	options.search.prefix = "";
	options.search.suffix = c->suffix;
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
		err_set(&e, -ENOENT, "no emulator found in %s", c->path);
		return exit_with(&e);
	}
	if (!status && c->reset)
		status = remove_others(&report);
	lasting = render_lasting(&report, &options, true);
	return status ? status : lasting;
}

int legacy_conf_script(int argc, char **argv)
{
	const char *dir = getenv("QEMU_BIN_DIR");
	struct conf_script c = { .path = dir && *dir ? dir : "/usr/bin", .suffix = "-static" };

	for (int i = 0; i < argc;) {
		int used = conf_option(&c, argc - i, argv + i);

		if (used <= 0)
			return refuse_word(argv[i]);
		i += used;
	}
	return run_conf_script(&c);
}
