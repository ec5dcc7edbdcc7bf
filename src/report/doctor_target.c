// SPDX-License-Identifier: MIT
/* Follows a file to a running process, and finds where that fails. */
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/fdio.h"
#include "base/str.h"
#include "binfmt/exec.h"
#include "emulator/package.h"
#include "report/doctor.h"
#include "report/file.h"
#include "report/start.h"
#include "report/try.h"
#include "rootfs/beneath.h"

enum { ENV_DEPTH_MAX = 4 }; /* nested scripts that env starts */

/* The row of the handler that serves arch, or of a disabled one. */
static const struct status_row *find_row(const struct status *s, const struct arch *arch, bool is_disabled)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].arch == arch && s->rows[i].state != STATUS_SHADOWED &&
			(s->rows[i].state == STATUS_DISABLED) == is_disabled)
			return &s->rows[i];
	return NULL;
}

void doctor_platform(const struct status *status, const struct arch *arch, const char *what, bool has_emulator_inside,
	struct doctor *ret)
{
	const struct status_row *row = find_row(status, arch, false), *disabled = find_row(status, arch, true);
	auto_buf again = { 0 };

	doctor_register_hint(&again, arch, row ? row->rule : NULL);
	if (row && row->state == STATUS_NATIVE)
		doctor_add(ret, FINE("native"), NULL, "%s: this machine runs %s natively", what, arch_word(arch));
	else if (status->is_off)
		doctor_switched_off(status, ret);
	else if (row && row->state == STATUS_UNTESTED)
		doctor_add(ret, NOTE("cannot-test"), status->untested_hint,
			"%s: whether %s programs run was not tested: %s", what, arch_word(arch), row->why);
	else if ((!row || row->state == STATUS_MISSING) && disabled)
		doctor_add(ret, PROBLEM("disabled"), buf_text(&again),
			"%s: the handler '%s' for %s programs is disabled: 'Exec format error'", what,
			disabled->rule->name, arch_word(arch));
	else if (!row || row->state == STATUS_MISSING)
		doctor_add(ret, PROBLEM("no-handler"), buf_text(&again),
			"%s: no handler takes %s programs: they fail with 'Exec format error' (ENOEXEC)", what,
			arch_word(arch));
	else if (row->state == STATUS_BROKEN)
		doctor_add(ret, PROBLEM("broken"), buf_text(&again), "%s: %s is broken: %s", what,
			row->rule ? row->rule->name : "the handler", row->why);
	else if (row->rule && !(row->rule->flags & RULE_FIXED) && !has_emulator_inside)
		doctor_add(ret, PROBLEM("not-fixed"), buf_text(&again),
			"%s: %s is not fixed (no F), and no %s that works is inside: %s", what, row->rule->name,
			row->rule->interpreter,
			ret->started == -EACCES ? "'Permission denied' (EACCES)"
						: "'No such file or directory' (ENOENT)");
	else
		doctor_add(ret, FINE("works"), NULL, "%s: %s programs run here, by %s", what, arch_word(arch),
			row->rule ? row->rule->interpreter : "a handler");
}

/* Whether the emulator for arch at this path works: a handler without F opens it in the root. */
static bool is_inside(int root, const char *path, const struct arch *arch)
{
	auto_fd fd = file_open(root, path);
	char version[EMULATOR_VERSION_MAX];

	return fd >= 0 && !emulator_check(fd, NULL) && emulator_version(fd, arch, version);
}

bool doctor_is_provided(const struct status *status, const struct arch *arch, const struct content *content)
{
	const struct status_row *row = find_row(status, arch, false);

	for (size_t i = 0; row && row->rule && i < content->n_emulators; i++)
		if (!strcmp(content->emulators[i].path, row->rule->interpreter))
			return !*content->emulators[i].refused && content->emulators[i].arch == arch;
	return false;
}

/* fs/binfmt_misc.c, search_binfmt_handler(): the newest entry, by magic or by extension (after the last dot). */
static const struct table_entry *find_taker(const struct status *s, const struct start *start, const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; !s->is_off && i < s->table.n; i++) {
		const struct table_entry *entry = &s->table.entries[i];
		const struct rule *rule = &entry->rule;

		if (!entry->is_odd && rule->is_enabled &&
			(rule->extension ? dot && !strcmp(dot + 1, rule->extension)

					 : start->n >= 0 && rule_matches(rule, start->head, (size_t)start->n)))
			return entry;
	}
	return NULL;
}

/* Whether an entry is for programs of an architecture. */
static bool is_for_arch(const struct status *s, const struct rule *rule)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].rule == rule && s->rows[i].arch)
			return true;
	return false;
}

/*
 * Reports a file of another kind of handler, such as Wine, Java or Python; only that handler's interpreter matters
 * then. False if no handler matches, or if an architecture's handler matches an ELF file.
 */
static bool check_taken(const struct status *s, int root, const char *path, struct doctor *d)
{
	struct start start = start_read(root, path);
	const struct table_entry *entry = find_taker(s, &start, path);
	const struct rule *rule = entry ? &entry->rule : NULL;
	auto_fd fd = -1;

	if (!entry || (start.n > 4 && !memcmp(start.head, "\177ELF", 4) && is_for_arch(s, rule)))
		return false;
	start_check(&start, path, d);
	if (!(rule->flags & RULE_FIXED))
		fd = root >= 0 ? beneath_open(root, rule->interpreter, O_PATH)
			       : open(rule->interpreter, O_PATH | O_CLOEXEC);
	if (fd < 0 && !(rule->flags & RULE_FIXED))
		doctor_add(d, PROBLEM("interpreter-missing"), NULL,
			"%s: the handler '%s' starts %s for it, which does not exist: 'No such file or directory' "
			"(ENOENT)",
			path, rule->name, rule->interpreter);
	else
		doctor_add(d, FINE("taken"), NULL, "%s: the handler '%s' starts %s for it", path, rule->name,
			rule->interpreter);
	return true;
}

/* Whether the emulator runs its probe and loads the program. */
static bool is_loaded(struct exec_file *file)
{
	return try_probe(file->emulated, file->environment) && exec_try(file) != -EBADMSG;
}

/* Reports limits and environment of this process that make the program fail. Returns whether there were any. */
static bool check_surroundings(struct exec_file *file, struct doctor *d)
{
	const char *arch = arch_word(file->emulated);
	auto_buf names = { 0 }, hint = { 0 };
	struct exec_file again = *file;

	again.environment = (char *[]){ NULL };
	for (char **p = environ; *p; p++)
		if (str_starts(*p, "QEMU_"))
			buf_addf(&names, " %.*s", (int)strcspn(*p, "="), *p);
	if (names.len && is_loaded(&again)) {
		buf_addf(&hint, "unset%s", buf_text(&names));
		doctor_add(d, PROBLEM("environment"), buf_text(&hint),
			"%s: %s programs fail because of the environment:%s", file->path, arch, buf_text(&names));
		return true;
	}
	if (!exec_limit_mib())
		return false;
	doctor_add(d, PROBLEM("address-space"), "ulimit -v unlimited",
		"%s: %s programs fail with this limit of the address space, %llu MiB: an emulator reserves more",
		file->path, arch, exec_limit_mib());
	return true;
}

/* Whether the handler that register makes would match. */
static bool is_registrable(const struct arch *arch, const struct start *start)
{
	bool matches = false;

	for (size_t m = 0; m < ARCH_MATCHES_MAX && arch->match[m].handler; m++) {
		struct rule rule = rule_for_arch(arch, m, arch->match[m].handler, "/", 0);

		matches |= rule_matches(&rule, start->head, (size_t)start->n);
		rule_done(&rule);
	}
	return matches;
}

/* Reports a set-user-ID program whose rights are not granted here. */
static void check_set_id(const struct start *start, const struct table_entry *entry, const struct arch *arch,
	const char *path, struct doctor *d)
{
	auto_buf hint = { 0 };

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		doctor_add(d, WARNING("nosuid"), NULL,
			"%s: its set-user-ID bit or capabilities are ignored, as no process may gain privileges here "
			"(no_new_privs)",
			path);
	} else if (start->is_nosuid) {
		start_remount_hint(&hint, "suid", start->real);
		doctor_add(d, WARNING("nosuid"), buf_text(&hint),
			"%s: its set-user-ID bit or capabilities are ignored, as its file system is mounted nosuid",
			path);
	} else if (entry && !(entry->rule.flags & RULE_CREDENTIALS)) {
		buf_addf(&hint, "sudo anyarch register --credentials %s", arch_word(arch));
		doctor_add(d, WARNING("set-user-id"), buf_text(&hint),
			"%s: its set-user-ID bit or capabilities are ignored, as the handler '%s' has no C: sudo and "
			"the like fail",
			path, entry->rule.name);
	}
}

/* Reports an ELF file that is not a program. A library that needs no other, such as the loader, can be started. */
static bool check_kind(const struct file_step *step, struct doctor *d)
{
	static const char *const kinds[] = {
		[ELF_RELOCATABLE] = "is an object file, to be linked into a program: 'Exec format error'",
		[ELF_CORE] = "is a core dump: 'Exec format error'",
		[ELF_LIBRARY] = "is a shared library: started as a program, it crashes",
		[ELF_DEBUG] = "is the debug information of a program, which has no code",
	};
	enum elf_linkage linkage = step->elf.linkage;

	if (linkage >= ARRAY_SIZE(kinds) || !kinds[linkage] || (linkage == ELF_LIBRARY && !step->elf.needs_libraries))
		return false;
	doctor_add(d, PROBLEM("not-a-program"), NULL, "%s %s", step->path, kinds[linkage]);
	return true;
}

/* Tries a foreign program, and reports how that ends. False if doctor_platform() has to say more. */
static bool check_start(const struct status *s, struct exec_file *file, const struct rule *rule, struct doctor *d)
{
	const struct arch *arch = file->emulated;
	const struct status_row *row = find_row(s, arch, false);
	struct elf_info elf = { 0 };
	auto_buf again = { 0 };
	bool is_good, is_dynamic;
	auto_fd fd = -1;

	/* Below a root, an emulator that is opened there is not trusted to end before the program's first instruction.
	 */
	if ((file->root >= 0 && !(rule && rule->flags & RULE_FIXED)) || (!rule && s->is_readable) ||
		arch == arch_host() || (row && row->state == STATUS_NATIVE))
		return false;
	is_good = is_loaded(file);
	if (!is_good && check_surroundings(file, d))
		return true;
	if (*file->said && !doctor_has_problem(d))
		doctor_add(d, PROBLEM("refused"), NULL, "%s: its emulator refuses it: '%s'", file->path, file->said);
	if (file->root >= 0)
		return false;
	doctor_register_hint(&again, arch, rule);
	if (!is_good && !*file->said) {
		/* A file that has a problem of its own can end its emulator. */
		if (!rule || !row || row->state != STATUS_EMULATED || doctor_has_problem(d))
			return false;
		doctor_add(d, PROBLEM("broken"), buf_text(&again),
			"%s: %s is broken: what it starts, %s, does not run %s programs as they were called",
			file->path, rule->name, rule->interpreter, arch_word(arch));
		return true;
	}
	/* It was started here successfully: report where it would fail. */
	if (rule)
		fd = fd_open_regular(AT_FDCWD, rule->interpreter, 0);
	is_dynamic = fd >= 0 && !elf_read(fd, &elf, NULL) && elf.linkage == ELF_DYNAMIC;
	doctor_add(d, FINE("works"), NULL, "%s: %s programs run here, by %s", file->path, arch_word(arch),
		rule ? rule->interpreter : "a handler");
	if (rule && (is_dynamic || !(rule->flags & RULE_FIXED)))
		doctor_add(d, NOTE("only-here"), buf_text(&again),
			"%s runs here, and fails in containers and other roots: %s", file->path,
			is_dynamic ? "its emulator is dynamically linked" : "its handler is not fixed (no F)");
	return true;
}

static void check_program(const struct status *s, int root, const struct file_step *step,
	const struct file_facts *facts, struct doctor *d)
{
	bool is_for_linux = abi_is_for_linux(&step->elf);
	/* The kernel runs programs of other systems like its own. */
	const struct arch *arch = facts->has_platform ? facts->platform.arch
				  : is_for_linux      ? NULL
						      : elf_arch(&step->elf.head);
	struct start start = start_read(root, step->path);
	const struct table_entry *entry = NULL;
	const struct status_row *row;
	struct exec_file file = { .root = root, .path = step->path, .environment = environ, .emulated = arch };
	auto_buf replace = { 0 };

	if (!step->elf.is_truncated && check_kind(step, d))
		return;
	start_check(&start, step->path, d);
	entry = find_taker(s, &start, step->path);
	if (!is_for_linux)
		doctor_add(d, WARNING("other-system"), NULL,
			"%s says that it is a program for %s, not for Linux: it is started anyway, and most such "
			"programs crash",
			step->path, step->elf.system ? step->elf.system : "another system");
	if (step->elf.is_truncated)
		doctor_add(d, PROBLEM("truncated"), NULL,
			"%s is shorter than its header says: it was copied or downloaded in part", step->path);
	else if (!step->elf.has_entry && step->elf.linkage != ELF_UNKNOWN)
		doctor_add(d, PROBLEM("not-a-program"), NULL,
			"%s has nothing at the address where it would start: it crashes", step->path);
	doctor_loader(entry ? &entry->rule : NULL, root, step, facts, d);
	if (!arch && !d->started) {
		doctor_add(d, FINE("started"), NULL, "%s: the kernel starts it", step->path);
		return;
	}
	if (!arch) {
		doctor_add(d, PROBLEM("no-emulator"), NULL,
			"%s is for a machine that QEMU does not emulate: 'Exec format error'", step->path);
		return;
	}
	row = find_row(s, arch, false);
	if (s->is_readable && !s->is_off && !entry && row && row->state == STATUS_EMULATED &&
		is_registrable(arch, &start)) {
		bool is_appimage = !memcmp(start.head + 8, "AI\x02", 3);

		buf_addf(&replace, "sudo anyarch register --replace %s", arch_word(arch));
		doctor_add(d, is_appimage ? PROBLEM("appimage") : PROBLEM("no-handler"), buf_text(&replace),
			"%s is %s, and the handler for %s does not match it: 'Exec format error'", step->path,
			is_appimage ? "a type-2 AppImage" : "an unusual program", arch_word(arch));
		return;
	}
	if (start.is_set_id)
		check_set_id(&start, s->is_off ? NULL : entry, arch, step->path, d);
	if (entry && !s->is_off)
		doctor_add(d, FINE("rule"), NULL, "%s: the handler '%s' takes its first bytes", step->path,
			entry->rule.name);
	if (check_start(s, &file, entry ? &entry->rule : NULL, d))
		return;
	if (entry && !s->is_off)
		doctor_interpreter(&entry->rule, arch, d);
	doctor_platform(s, arch, step->path, entry && is_inside(root, entry->rule.interpreter, arch), d);
}

/* If the program is emulated, a start says nothing about what the emulator does. */
static bool is_emulated(const struct status *s, int root, const char *path)
{
	struct start start = start_read(root, path);
	const struct table_entry *entry = find_taker(s, &start, path);

	return entry && is_for_arch(s, &entry->rule);
}

static int judge_file(const struct status *status, int root, const char *path, struct doctor *ret, struct err *e)
{
	auto_free char *program = NULL; /* that env starts for a script */
	struct file_facts facts;
	auto_err why = { 0 };
	bool is_regular;
	int r, refusal;

	if (check_taken(status, root, path, ret) || start_has_mark(root, path, ret))
		return 0;
	r = file_look(root, path, &facts, &why);
	for (size_t i = 0; !r && i < facts.n; i++) {
		const struct file_step *step = &facts.steps[i];

		if (step->is_elf)
			check_program(status, root, step, &facts, ret);
		else
			start_script(root, step, &program, ret);
	}
	if (!r && facts.missing && !strchr(facts.missing, '\r'))
		doctor_add(ret, PROBLEM("script-program-missing"), NULL,
			"%s asks for %s, which is not there: 'No such file or directory' (ENOENT) "
			"although the script exists",
			facts.steps[facts.n - 1].path, facts.missing);
	if (!r && facts.is_too_deep)
		doctor_add(ret, PROBLEM("too-deep"), NULL, "more nested scripts than the kernel follows (ELOOP)");
	file_done(&facts);
	if (!r && program && ret->depth < ENV_DEPTH_MAX) {
		ret->depth++;
		doctor_file(status, root, program, ret, NULL); /* an unreadable program can still be started */
		ret->depth--;
	}
	if (!r)
		return 0;
	if (!ret->started && !is_emulated(status, root, path)) {
		doctor_add(ret, r == -EACCES ? NOTE("started") : FINE("started"), NULL, "%s: the kernel starts it%s",
			path,
			r == -EACCES ? ", and this user may not read it: a script or emulated program fails then" : "");
		return 0;
	}
	if (r != -ENOEXEC && r != -EBADMSG)
		return err_move(e, &why);
	/* A file that is not a program, or incomplete, is a finding and not an error. */
	is_regular = !why.message || !str_ends(why.message, "not a regular file");
	refusal = ret->started < 0 ? -ret->started : is_regular ? ENOEXEC : EACCES;
	doctor_add(ret, r == -ENOEXEC || !is_regular ? PROBLEM("not-a-program") : PROBLEM("truncated"), why.hint,
		"%s: '%s'%s", why.message ? why.message : path, strerror(refusal),
		refusal == EACCES ? " (EACCES)" : "");
	return 0;
}

int doctor_file(const struct status *status, int root, const char *path, struct doctor *ret, struct err *e)
{
	struct exec_file file = { .root = root, .path = path, .environment = environ };
	const struct doctor outer = *ret;
	int r;

	ret->started = exec_try(&file);
	ret->first = ret->n;
	r = judge_file(status, root, path, ret, e);
	if (!r && ret->started < 0 && !doctor_has_problem(ret))
		doctor_add(ret, PROBLEM("refused"), NULL, "%s: the kernel refuses to start it: '%s'", path,
			strerror(-ret->started));
	ret->started = outer.started;
	ret->first = outer.first;
	return r;
}
