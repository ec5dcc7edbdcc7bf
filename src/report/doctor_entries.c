// SPDX-License-Identifier: MIT
/* Finds what is wrong with single entries of the table, whoever registered them. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "arch/elf.h"
#include "arch/probe.h"
#include "base/fdio.h"
#include "base/str.h"
#include "binfmt/replace.h"
#include "emulator/package.h"
#include "report/doctor.h"

enum { LONG_MAGIC = 48 };

/* Every user's programs of that architecture run through this emulator. */
static void check_exposure(const struct rule *rule, const struct arch *arch, int fd, struct doctor *d)
{
	const char *exposure = emulator_exposure(fd);
	auto_buf hint = { 0 }, path = { 0 };
	struct stat st;

	str_quote(&path, rule->interpreter);
	if (!fstat(fd, &st) && st.st_mode & (S_ISUID | S_ISGID)) {
		buf_addf(&hint, "sudo chmod u-s,g-s %s && sudo anyarch register --replace %s", buf_text(&path),
			arch_word(arch));
		doctor_add(d, PROBLEM("emulator-set-id"), buf_text(&hint),
			"%s: its emulator %s is set-user-ID or set-group-ID: every user's %s programs run with the "
			"rights "
			"of its owner",
			rule->name, rule->interpreter, arch_word(arch));
	}
	hint.len = 0;
	if (emulator_has_capabilities(fd)) {
		buf_addf(&hint, "sudo setcap -r %s && sudo anyarch register --replace %s", buf_text(&path),
			arch_word(arch));
		doctor_add(d, PROBLEM("emulator-set-id"), buf_text(&hint),
			"%s: its emulator %s has file capabilities: every user's %s programs get them", rule->name,
			rule->interpreter, arch_word(arch));
	}
	if (!exposure)
		return;
	hint.len = 0;
	buf_addf(&hint, "sudo chown root:root %s && sudo chmod go-w %s", buf_text(&path), buf_text(&path));
	doctor_add(d, WARNING("emulator-exposed"), buf_text(&hint),
		"%s: %s: %s: anyone who can change it controls all %s programs", rule->name, rule->interpreter,
		exposure, arch_word(arch));
}

/*
 * SELinux lets a container execute files labeled for all containers, as the machine's programs are, or for itself: an
 * emulator from an image keeps the label of the container that registered it.
 */
static void check_label(const struct rule *rule, const struct arch *arch, int fd, struct doctor *d)
{
	auto_fd enforce = open("/sys/fs/selinux/enforce", O_RDONLY | O_CLOEXEC);
	char label[256], value = '0';
	ssize_t n = fgetxattr(fd, "security.selinux", label, sizeof(label) - 1);
	auto_buf hint = doctor_command("sudo chcon -t bin_t -l s0 ", rule->interpreter);

	label[n > 0 ? n : 0] = '\0';
	if (enforce < 0 || read(enforce, &value, 1) != 1 || value != '1' || !strstr(label, ":container_"))
		return;

	doctor_add(d, WARNING("selinux-label"), buf_text(&hint),
		"%s: its emulator %s has the SELinux label of a container (%s): %s programs fail with 'Permission "
		"denied' "
		"(EACCES) in all others",
		rule->name, rule->interpreter, label, arch_word(arch));
}

/* The interpreter as opened from this root; without flag F the kernel opens it at each start. */
void doctor_interpreter(const struct rule *rule, const struct arch *arch, struct doctor *d)
{
	auto_fd fd = fd_open_regular(AT_FDCWD, rule->interpreter, 0);
	bool is_fixed = rule->flags & RULE_FIXED;
	struct elf_info elf;
	auto_buf again = { 0 }, install = { 0 };

	doctor_register_hint(&again, arch, rule);
	if (package_emulators(&install, arch) && !str_starts(buf_text(&again), buf_text(&install)))
		buf_adds(&install, " && ");
	else
		install.len = 0; /* the hint contains it already, or there is no command */
	buf_adds(&install, buf_text(&again));
	if (fd < 0 && !is_fixed)
		doctor_add(d, PROBLEM("interpreter-missing"), arch ? buf_text(&again) : NULL,
			"%s: its %s %s %s: programs fail with '%s' although they exist", rule->name,
			arch ? "emulator" : "interpreter", rule->interpreter,
			fd == -ENOENT ? "does not exist" : "cannot be opened", strerror(fd == -EBADMSG ? EACCES : -fd));
	if (fd >= 0 && arch) {
		check_exposure(rule, arch, fd, d);
		check_label(rule, arch, fd, d);
	}
	if (fd < 0 || elf_read(fd, &elf, NULL))
		return;
	if (arch && elf.linkage == ELF_DYNAMIC)
		doctor_add(d, PROBLEM("interpreter-dynamic"), buf_text(&install),
			"%s: its emulator %s is dynamically linked: in containers and other roots it "
			"fails with 'No such file or directory'",
			rule->name, rule->interpreter);
	if (arch && elf_arch(&elf.head) != arch_host())
		doctor_add(d, PROBLEM("interpreter-foreign"), buf_text(&again),
			"%s: its emulator %s is itself a program for %s", rule->name, rule->interpreter,
			elf_arch(&elf.head) ? arch_word(elf_arch(&elf.head)) : "something else");
}

/*
 * The shadow-suid attack: a rule that matches one file's long header, or this machine's own programs, set-user-ID ones
 * above all.
 */
static void check_hostile(const struct rule *rule, struct doctor *d)
{
	static const char *const own[] = { "/proc/self/exe", "/bin/sh", "/usr/bin/su", "/bin/su", "/usr/bin/sudo",
		"/usr/bin/passwd", "/usr/bin/mount", "/bin/mount", "/usr/bin/pkexec", "/usr/bin/chsh",
		"/usr/bin/newgrp", "/usr/bin/ping", "/bin/ping" };
	struct probe probe = probe_build(arch_host(), 0, NULL);
	bool takes_native = rule_matches(rule, probe.data, probe.size);
	uint8_t head[RULE_WINDOW];
	struct elf_head elf;
	auto_buf out = { 0 };

	doctor_unregister_hint(&out, rule);
	for (size_t i = 0; i < ARRAY_SIZE(own) && !takes_native; i++) {
		auto_fd fd = open(own[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		ssize_t n = fd < 0 ? 0 : fd_pread(fd, head, sizeof(head), 0);

		/* In a root of another architecture, its programs are not this machine's own. */
		takes_native = n > 0 && elf_read_head(head, (size_t)n, &elf, NULL) == 1 &&
			       elf_arch(&elf) == arch_host() && rule_matches(rule, head, (size_t)n);
	}
	if (takes_native)
		doctor_add(d, PROBLEM("takes-native"), buf_text(&out),
			"'%s' takes this machine's own programs and starts %s instead", rule->name, rule->interpreter);
	else if (rule->size > LONG_MAGIC && !memcmp(rule->magic, "\177ELF", 4))
		doctor_add(d, PROBLEM("long-magic"), buf_text(&out),
			"'%s' compares %zu bytes of an ELF header, which fits single files only: a way "
			"to put %s in the place of a program%s",
			rule->name, rule->size, rule->interpreter,
			rule->flags & RULE_CREDENTIALS ? ", with its owner's rights" : "");
	if (str_starts(rule->interpreter, "/tmp/") || str_starts(rule->interpreter, "/dev/shm/") ||
		str_starts(rule->interpreter, "/proc/"))
		doctor_add(d, WARNING("interpreter-place"), buf_text(&out),
			"'%s' starts %s, a path that other users can change or that depends on the process", rule->name,
			rule->interpreter);
}

void doctor_entries(const struct status *s, struct doctor *d)
{
	for (size_t i = 0; i < s->table.n; i++) {
		const struct table_entry *entry = &s->table.entries[i];
		const struct rule *rule = &entry->rule;
		const struct status_row *row = s->rows, *end = s->rows + s->n;
		const struct arch *arch;
		auto_buf out = { 0 }, again = { 0 }, mend = { 0 };

		while (row < end && row->rule != rule)
			row++;
		arch = row < end ? row->arch : NULL;
		if (entry->is_odd) {
			doctor_unregister_hint(&out, rule);
			doctor_add(d, WARNING("odd-entry"), buf_text(&out),
				"the kernel shows '%s' in an unexpected form", rule->name);
			continue;
		}
		if (!rule->is_enabled)
			continue;
		check_hostile(rule, d);
		buf_addf(&again, "sudo anyarch register %s", arch ? arch_word(arch) : "");
		if (replace_is_temporary(rule->name, NULL, NULL))
			doctor_add(d, NOTE("leftover"), buf_text(&again), "'%s' was left by a run that was killed",
				rule->name);
		if (row < end && row->state == STATUS_SHADOWED)
			continue; /* an unused entry does no harm */
		if (arch)
			doctor_register_hint(&mend, arch, rule);
		if (arch && !(rule->flags & RULE_FIXED))
			doctor_add(d, PROBLEM("not-fixed"), buf_text(&mend),
				"%s is not fixed (no F): it fails in every container and root that has no %s",
				rule->name, rule->interpreter);
		if (arch && !(rule->flags & RULE_PRESERVE_ARGV0) && str_ends(rule->interpreter, "-binfmt-P"))
			doctor_add(d, PROBLEM("argv0-mismatch"), buf_text(&mend),
				"%s has no P, and an emulator of this name expects it: programs get the wrong "
				"arguments",
				rule->name);
		if (arch && rule->flags & RULE_CREDENTIALS)
			doctor_add(d, WARNING("credentials"), buf_text(&mend),
				"%s has the credentials flag (C): every foreign set-user-ID program runs the "
				"emulator as its owner",
				rule->name);
		doctor_interpreter(rule, arch, d);
	}
}
