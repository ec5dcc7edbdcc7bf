// SPDX-License-Identifier: MIT
/* The way from one file to a running process, and where it ends. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/str.h"
#include "report/doctor.h"
#include "report/file.h"
#include "rootfs/beneath.h"

static const struct status_row *find_row(const struct status *s, const struct arch *arch)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].arch == arch && s->rows[i].state != STATUS_SHADOWED &&
			s->rows[i].state != STATUS_DISABLED)
			return &s->rows[i];
	return NULL;
}

void doctor_platform(const struct status *status, const struct arch *arch, const char *what,
	bool has_emulator_inside, struct doctor *ret)
{
	const struct status_row *row = find_row(status, arch);
	auto_buf again = { 0 };

	buf_addf(&again, "sudo anyarch register %s", arch->qemu);
	if (row && row->state == STATUS_NATIVE)
		doctor_add(ret, FINDING_OK, "native", NULL, "%s: this machine runs %s by itself", what,
			arch->qemu);
	else if (!row || row->state == STATUS_MISSING)
		doctor_add(ret, FINDING_PROBLEM, "no-handler", buf_text(&again),
			"%s: no handler takes %s programs: they fail with 'Exec format error' (ENOEXEC)",
			what, arch->qemu);
	else if (row->state == STATUS_BROKEN)
		doctor_add(ret, FINDING_PROBLEM, "broken", buf_text(&again), "%s: %s is broken: %s", what,
			row->rule ? row->rule->name : "the handler", row->why);
	else if (row->rule && !(row->rule->flags & RULE_FIXED) && !has_emulator_inside)
		doctor_add(ret, FINDING_PROBLEM, "not-fixed", buf_text(&again),
			"%s: %s is not fixed (no F), and %s is not inside: 'No such file or directory' "
			"(ENOENT)", what, row->rule->name, row->rule->interpreter);
	else
		doctor_add(ret, FINDING_OK, "works", NULL, "%s: %s programs run here, by %s", what,
			arch->qemu, row->rule ? row->rule->interpreter : "a handler");
}

static bool is_inside(int root, const char *path)
{
	auto_fd fd = root >= 0 ? beneath_open(root, path, O_PATH) : open(path, O_PATH | O_CLOEXEC);

	return fd >= 0;
}

static int read_start(int root, const char *path, uint8_t head[RULE_WINDOW], struct stat *st)
{
	auto_fd fd = root >= 0 ? beneath_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY) :
				 open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		return 0;
	return (int)fd_pread(fd, head, RULE_WINDOW, 0);
}

/* A rule that fits all but the bytes in which type-2 AppImages differ. */
static bool is_appimage(const uint8_t *head, int n)
{
	return n > 11 && !memcmp(head + 8, "AI\x02", 3);
}

static void check_program(const struct status *s, int root, const struct file_step *step,
	const struct file_facts *facts, struct doctor *d)
{
	const struct arch *arch = facts->has_platform ? facts->platform.arch : NULL;
	uint8_t head[RULE_WINDOW] = { 0 };
	const struct table_entry *entry;
	struct stat st = { 0 };
	int n = read_start(root, step->path, head, &st);

	entry = n > 0 ? table_match(&s->table, head, (size_t)n) : NULL;
	if (!(st.st_mode & 0111))
		doctor_add(d, FINDING_PROBLEM, "not-executable", "chmod +x FILE",
			"%s has no permission to be executed: 'Permission denied' (EACCES)", step->path);
	if (step->elf.is_truncated)
		doctor_add(d, FINDING_PROBLEM, "truncated", NULL,
			"%s is shorter than its header says: it was copied or downloaded in part",
			step->path);
	if (!arch) {
		doctor_add(d, FINDING_PROBLEM, "no-emulator", NULL,
			"%s is for a machine that QEMU does not emulate: 'Exec format error'",
			step->path);
		return;
	}
	if (s->is_readable && entry)
		doctor_add(d, FINDING_OK, "rule", NULL, "%s: the handler '%s' takes its first bytes",
			step->path, entry->rule.name);
	else if (s->is_readable && is_appimage(head, n) && arch != arch_host())
		doctor_add(d, FINDING_PROBLEM, "appimage", "sudo anyarch register --replace",
			"%s is a type-2 AppImage, and no handler takes these: 'Exec format error'",
			step->path);
	doctor_platform(s, arch, step->path,
		entry && is_inside(root, entry->rule.interpreter), d);
}

static void check_loader(const struct file_step *step, const struct file_facts *facts, struct doctor *d)
{
	const struct arch *arch = facts->has_platform ? facts->platform.arch : NULL;
	auto_buf hint = { 0 };

	if (!step->elf.has_interpreter || facts->has_loader)
		return;
	if (arch && arch != arch_host())
		buf_addf(&hint, "run it in a root file system for %s, or link it statically",
			arch->oci ? arch->oci : arch->qemu);
	else
		buf_adds(&hint, "install the C library that it was linked with, or link it statically");
	doctor_add(d, FINDING_PROBLEM, "loader-missing", buf_text(&hint),
		"%s needs %s, which is not there: 'No such file or directory' (ENOENT) although the "
		"program exists", step->path, step->elf.interpreter);
}

int doctor_file(const struct status *status, int root, const char *path, struct doctor *ret,
	struct err *e)
{
	struct file_facts facts;
	int r = file_look(root, path, &facts, e);

	for (size_t i = 0; !r && i < facts.n; i++) {
		const struct file_step *step = &facts.steps[i];

		if (!step->is_elf)
			doctor_add(ret, FINDING_OK, "script", NULL, "%s is a script for %s", step->path,
				step->command);
		else
			check_program(status, root, step, &facts, ret);
		if (step->is_elf)
			check_loader(step, &facts, ret);
		if (strchr(step->command, '\r'))
			doctor_add(ret, FINDING_PROBLEM, "carriage-return", "sed -i 's/\\r$//' FILE",
				"%s has Windows line ends: its program is looked for with a carriage "
				"return in its name", step->path);
	}
	if (!r && facts.missing)
		doctor_add(ret, FINDING_PROBLEM, "script-program-missing", NULL,
			"%s asks for %s, which is not there: 'No such file or directory' (ENOENT) "
			"although the script exists", facts.steps[facts.n - 1].path, facts.missing);
	if (!r && facts.is_too_deep)
		doctor_add(ret, FINDING_PROBLEM, "too-deep", NULL,
			"scripts that call scripts, more than the kernel follows (ELOOP)");
	file_done(&facts);
	return r;
}
