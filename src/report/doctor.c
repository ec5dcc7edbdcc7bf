// SPDX-License-Identifier: MIT
/* What is wrong with this machine, why, and what to type next. */
#include "report/doctor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "arch/elf.h"
#include "arch/probe.h"
#include "base/fdio.h"
#include "base/str.h"
#include "binfmt/native.h"
#include "binfmt/persist.h"
#include "binfmt/replace.h"
#include "emulator/package.h"

enum { LONG_MAGIC = 48, SMALL_FILE = 256, WHOLE_FILE = 8 * 1024 * 1024 };

/* The start of a small file of /proc, without its newline; "" when there is none. */
static void read_small(const char *path, char text[SMALL_FILE])
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, SMALL_FILE - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static bool file_has_line(const char *path, const char *word)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_buf text = { 0 };

	return fd >= 0 && !fd_read_all(fd, WHOLE_FILE, &text) && strstr(buf_text(&text), word);
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* ---- the table as a whole ---- */

/* Whether the running kernel's module is there to be loaded; true where that cannot be seen. */
static bool has_module(void)
{
	auto_buf path = { 0 };
	struct utsname name;

	if (uname(&name) < 0)
		return true;
	buf_addf(&path, "/lib/modules/%s", name.release);
	if (!exists(buf_text(&path)))
		return !exists("/lib/modules");
	buf_adds(&path, "/modules.dep");
	return file_has_line(buf_text(&path), "binfmt_misc.ko");
}

/* What makes a machine run foreign programs; what is registered by default is not foreign to an ARM one. */
static const char *register_hint(const struct status *s)
{
	bool has_both = arch_host() == arch_by_qemu("aarch64") && status_works(s, arch_by_qemu("arm"));

	return has_both ? "sudo anyarch register amd64" : "sudo anyarch register";
}

static void check_instance(const struct status *s, struct doctor *d)
{
	auto_buf remount = { 0 }, kernel = { 0 };
	struct statvfs fs;

	package_install(&kernel, "linux-image-$(uname -r)");

	if (!file_has_line("/proc/filesystems", "binfmt_misc") && !has_module())
		doctor_add(d, FINDING_PROBLEM, "kernel-support", buf_text(&kernel),
			"this kernel has no binfmt_misc: it is not built in, and its module is not there "
			"(after an upgrade of the kernel a reboot brings it back)");
	if (s->instance == INSTANCE_AUTOMOUNT)
		doctor_add(d, FINDING_NOTE, "automount", register_hint(s),
			"binfmt_misc is an automount that nobody has triggered yet: what containers "
			"register before that is another table's");
	else if (s->instance == INSTANCE_ABSENT && !s->is_emulating && doctor_is_powerless())
		doctor_add(d, FINDING_WARNING, "no-privilege", "docker run --rm --privileged IMAGE",
			"this container may not mount binfmt_misc: it was started without --privileged");
	else if (s->instance == INSTANCE_ABSENT && !s->is_emulating)
		doctor_add(d, FINDING_WARNING, "not-mounted", register_hint(s),
			"binfmt_misc is not mounted, and no foreign program runs");
	else if (s->instance == INSTANCE_ABSENT)
		doctor_add(d, FINDING_OK, "not-mounted-here", NULL,
			"binfmt_misc is not mounted here, and its handlers work: pinned, or mounted "
			"elsewhere");
	if (s->path && !statvfs(s->path, &fs) && fs.f_flag & ST_RDONLY) {
		buf_adds(&remount, "sudo mount -o remount,rw ");
		str_quote(&remount, s->path);
		doctor_add(d, FINDING_WARNING, "read-only", buf_text(&remount),
			"%s is mounted read-only here: nothing can be registered (a container needs "
			"--privileged)",
			s->path);
	}
	if (s->is_off)
		doctor_switched_off(s, d);
	if (!s->around.is_initial_userns)
		doctor_add(d, FINDING_NOTE, "user-namespace", NULL,
			"this is a user namespace of its own: its handlers are valid in it only");
	if (s->instance == INSTANCE_VISIBLE && !s->around.is_machine && s->around.is_initial_userns)
		doctor_add(d, FINDING_NOTE, "other-mount-namespace", NULL,
			"this is not the machine's own mount namespace: a mount made here ends with it");
}

static void check_others(struct doctor *d)
{
	char text[SMALL_FILE];

	if (exists("/var/lib/binfmts") && exists("/usr/sbin/update-binfmts"))
		doctor_add(d, FINDING_NOTE, "binfmt-support", NULL,
			"binfmt-support writes to the table, too (update-binfmts --display)");
	read_small("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", text);
	if (!strcmp(text, "1"))
		doctor_add(d, FINDING_NOTE, "apparmor-userns",
			"sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
			"AppArmor keeps users without root from making user namespaces");
	read_small("/proc/sys/kernel/unprivileged_userns_clone", text);
	if (!strcmp(text, "0"))
		doctor_add(d, FINDING_NOTE, "userns-clone", "sudo sysctl kernel.unprivileged_userns_clone=1",
			"users without root may not make user namespaces");
	read_small("/proc/sys/user/max_user_namespaces", text);
	if (!strcmp(text, "0"))
		doctor_add(d, FINDING_NOTE, "max-user-namespaces", "sudo sysctl user.max_user_namespaces=10000",
			"no user namespaces may be made");
}

static void check_containers(const struct status *s, struct doctor *d)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/local/bin", "/usr/libexec/docker" };
	const char *host = getenv("DOCKER_HOST"), *runtime = getenv("XDG_RUNTIME_DIR");
	auto_buf socket = { 0 }, podman = { 0 };

	buf_addf(&podman, "%s/podman/podman.sock", runtime ? runtime : "/nonexistent");
	if (exists(buf_text(&podman)))
		doctor_add(d, FINDING_NOTE, "podman-rootless", register_hint(s),
			"Podman runs rootless: a set-up container cannot mount binfmt_misc there, and "
			"what is registered on the machine works in it");
	buf_addf(&socket, "%s/docker.sock", runtime ? runtime : "/nonexistent");
	if ((host && strstr(host, "/run/user/")) || exists(buf_text(&socket)))
		doctor_add(d, FINDING_NOTE, "docker-rootless", register_hint(s),
			"Docker runs rootless: a set-up container cannot mount binfmt_misc there, and "
			"what is registered on the machine works in it");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_buf path = { 0 };

		buf_addf(&path, "%s/buildkit-qemu-aarch64", dirs[i]);
		if (exists(buf_text(&path)))
			doctor_add(d, FINDING_NOTE, "buildkit-emulators", NULL,
				"BuildKit brings emulators of its own (%s): it falls back to them, "
				"'docker run' does not",
				buf_text(&path));
	}
}

/* ---- single entries ---- */

static bool takes_file(const struct rule *rule, const char *path)
{
	uint8_t head[RULE_WINDOW];
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : fd_pread(fd, head, sizeof(head), 0);

	return n > 0 && rule_matches(rule, head, (size_t)n);
}

/* The set-user-ID programs that are worth shadowing. */
static bool takes_privileged(const struct rule *rule)
{
	static const char *const files[] = { "/usr/bin/su", "/bin/su", "/usr/bin/sudo", "/usr/bin/passwd",
		"/usr/bin/mount", "/bin/mount", "/usr/bin/pkexec", "/usr/bin/chsh", "/usr/bin/newgrp", "/usr/bin/ping",
		"/bin/ping" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (takes_file(rule, files[i]))
			return true;
	return false;
}

/* The file of an entry as it would be opened from this root: for one that is not fixed at each start. */
void doctor_interpreter(const struct rule *rule, const struct arch *arch, struct doctor *d)
{
	auto_fd fd = fd_open_regular(AT_FDCWD, rule->interpreter, 0);
	bool is_fixed = rule->flags & RULE_FIXED;
	struct elf_info elf;
	auto_buf again = { 0 }, install = { 0 };

	doctor_register_hint(&again, arch, rule);
	if (package_emulators(&install) && !str_starts(buf_text(&again), buf_text(&install)))
		buf_adds(&install, " && ");
	else
		install.len = 0; /* it begins with that, or there is no command */
	buf_adds(&install, buf_text(&again));
	if (fd < 0 && !is_fixed)
		doctor_add(d, FINDING_PROBLEM, "interpreter-missing", arch ? buf_text(&again) : NULL,
			"%s: its %s %s does not exist: programs fail with 'No such file or directory' although they "
			"exist",
			rule->name, arch ? "emulator" : "interpreter", rule->interpreter);
	if (fd < 0 || elf_read(fd, &elf, NULL))
		return;
	if (arch && elf.linkage == ELF_DYNAMIC)
		doctor_add(d, FINDING_PROBLEM, "interpreter-dynamic", buf_text(&install),
			"%s: its emulator %s is dynamically linked: in containers and other roots it "
			"fails with 'No such file or directory'",
			rule->name, rule->interpreter);
	if (arch && elf_arch(&elf.head) != arch_host())
		doctor_add(d, FINDING_PROBLEM, "interpreter-foreign", buf_text(&again),
			"%s: its emulator %s is itself a program for %s", rule->name, rule->interpreter,
			elf_arch(&elf.head) ? arch_word(elf_arch(&elf.head)) : "something else");
}

static void check_flags(const struct rule *rule, const struct arch *arch, struct doctor *d)
{
	auto_buf again = { 0 };

	if (!arch)
		return;
	doctor_register_hint(&again, arch, rule);
	if (!(rule->flags & RULE_FIXED))
		doctor_add(d, FINDING_PROBLEM, "not-fixed", buf_text(&again),
			"%s is not fixed (no F): it fails in every container and root that has no %s", rule->name,
			rule->interpreter);
	if (!(rule->flags & RULE_PRESERVE_ARGV0) && str_ends(rule->interpreter, "-binfmt-P"))
		doctor_add(d, FINDING_PROBLEM, "argv0-mismatch", buf_text(&again),
			"%s has no P, and an emulator of this name expects it: programs get the wrong "
			"arguments",
			rule->name);
	if (rule->flags & RULE_CREDENTIALS)
		doctor_add(d, FINDING_WARNING, "credentials", buf_text(&again),
			"%s has the credentials flag (C): every foreign set-user-ID program runs the "
			"emulator as its owner",
			rule->name);
}

/* The shadow-suid trick: a rule for one file's long header, or for this machine's own programs. */
static void check_hostile(const struct rule *rule, struct doctor *d)
{
	struct probe own = probe_build(arch_host(), 0, NULL);
	auto_buf out = { 0 };

	doctor_unregister_hint(&out, rule);
	if (takes_file(rule, "/proc/self/exe") || takes_file(rule, "/bin/sh") ||
		rule_matches(rule, own.data, own.size) || takes_privileged(rule))
		doctor_add(d, FINDING_PROBLEM, "takes-native", buf_text(&out),
			"'%s' takes this machine's own programs and starts %s instead", rule->name, rule->interpreter);
	else if (rule->size > LONG_MAGIC && rule->size > 4 &&
		 !memcmp(rule->magic,
			 "\x7f"
			 "ELF",
			 4))
		doctor_add(d, FINDING_PROBLEM, "long-magic", buf_text(&out),
			"'%s' compares %zu bytes of an ELF header, which fits single files only: a way "
			"to put %s in the place of a program%s",
			rule->name, rule->size, rule->interpreter,
			rule->flags & RULE_CREDENTIALS ? ", with its owner's rights" : "");
	if (str_starts(rule->interpreter, "/tmp/") || str_starts(rule->interpreter, "/dev/shm/") ||
		str_starts(rule->interpreter, "/proc/"))
		doctor_add(d, FINDING_WARNING, "interpreter-place", buf_text(&out),
			"'%s' starts %s, a place that others can write to or that means nothing", rule->name,
			rule->interpreter);
}

static const struct status_row *row_of(const struct status *s, const struct rule *rule)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].rule == rule)
			return &s->rows[i];
	return NULL;
}

static void check_leftover(const struct rule *rule, const struct arch *arch, struct doctor *d)
{
	auto_buf again = { 0 };
	bool is_trial;
	size_t len;

	buf_addf(&again, "sudo anyarch register %s", arch ? arch_word(arch) : "");
	if (replace_is_temporary(rule->name, &len, &is_trial))
		doctor_add(d, FINDING_NOTE, "leftover", buf_text(&again), "'%s' was left by a run that was killed",
			rule->name);
}

static void check_entries(const struct status *s, struct doctor *d)
{
	for (size_t i = 0; i < s->table.n; i++) {
		const struct table_entry *entry = &s->table.entries[i];
		const struct status_row *row = row_of(s, &entry->rule);
		const struct arch *arch = row ? row->arch : NULL;
		auto_buf out = { 0 };

		if (entry->is_odd) {
			doctor_unregister_hint(&out, &entry->rule);
			doctor_add(d, FINDING_WARNING, "odd-entry", buf_text(&out),
				"'%s' is shown by the kernel in a form that does not fit", entry->rule.name);
			continue;
		}
		if (!entry->rule.is_enabled)
			continue;
		check_hostile(&entry->rule, d);
		check_leftover(&entry->rule, arch, d);
		if (row && row->state == STATUS_SHADOWED)
			continue; /* what is never used harms nobody */
		check_flags(&entry->rule, arch, d);
		doctor_interpreter(&entry->rule, arch, d);
	}
}

/* ---- what runs ---- */

/* One of several rows of one entry, which takes programs of several architectures. */
static unsigned rows_of(const struct status *s, const struct rule *rule, const struct status_row *before)
{
	unsigned n = 0;

	for (const struct status_row *row = s->rows; row < before; row++)
		n += rule && row->rule == rule;
	return n;
}

/* An entry that is too wide for a handler of ours is told of once. */
static bool is_wide(const struct status *s, const struct status_row *row, struct doctor *d)
{
	unsigned all = rows_of(s, row->rule, s->rows + s->n);
	auto_buf out = { 0 };

	if (!row->rule || all < 2 || doctor_has_our_name(row->arch, row->rule))
		return false;
	doctor_unregister_hint(&out, row->rule);
	if (!rows_of(s, row->rule, row))
		doctor_add(d, FINDING_PROBLEM, "too-wide", buf_text(&out),
			"'%s' takes programs of %u architectures and starts %s for all of them", row->rule->name, all,
			row->rule->interpreter);
	return true;
}

static void check_row(const struct status *s, const struct status_row *row, struct doctor *d)
{
	const char *arch = row->arch ? arch_word(row->arch) : "", *name = row->rule ? row->rule->name : arch;
	auto_buf again = { 0 }, out = { 0 };
	bool is_native = false;

	if (row->arch)
		doctor_register_hint(&again, row->arch, row->rule);
	if (row->rule)
		doctor_unregister_hint(&out, row->rule);
	if (row->arch && is_wide(s, row, d))
		return;
	switch (row->state) {
	case STATUS_BROKEN:
		if (row->arch == arch_host())
			break; /* told as takes-native */
		doctor_add(d, FINDING_PROBLEM, "broken", buf_text(&again), "%s is broken: %s", name, row->why);
		break;
	case STATUS_SHADOWED:
		doctor_add(d, doctor_has_our_name(row->arch, row->rule) ? FINDING_WARNING : FINDING_NOTE, "shadowed",
			doctor_has_our_name(row->arch, row->rule) ? buf_text(&again) : buf_text(&out),
			"%s is never used: a newer handler takes the same programs", name);
		break;
	case STATUS_DISABLED:
		if (s->is_off)
			break;
		doctor_add(d, FINDING_WARNING, "disabled", buf_text(&again), "%s is disabled", name);
		break;
	case STATUS_MISSING:
		doctor_add(d, FINDING_WARNING, "missing", buf_text(&again),
			"%s programs do not run: 'Exec format error'", name);
		break;
	case STATUS_EMULATED:
		if (row->arch == arch_by_qemu("i386") && arch_host() == arch_by_qemu("x86_64") &&
			!native_test(&row->arch, 1, false, &is_native, NULL) && is_native)
			doctor_add(d, FINDING_WARNING, "hijacked", buf_text(&out),
				"%s takes i386 programs, which this kernel runs natively and faster", name);
		else
			doctor_add(d, FINDING_OK, "works", NULL, "%s programs run, by %s", arch,
				row->rule ? row->rule->interpreter : "a handler");
		break;
	case STATUS_NATIVE:
		doctor_add(d, FINDING_OK, "native", NULL, "%s programs run natively", arch);
		break;
	case STATUS_UNTESTED:
		doctor_add(d, FINDING_NOTE, "cannot-test", NULL, "%s was not tested: %s", name, row->why);
		break;
	case STATUS_FOREIGN:
		doctor_add(d, FINDING_OK, "foreign", NULL, "'%s' is for something else", name);
		break;
	}
}

/* What no file brings back: after a reboot, and where systemd-binfmt restarts. */
static void check_persistence(const struct status *s, struct doctor *d)
{
	auto_buf names = { 0 }, hint = { 0 };
	auto_err why = { 0 };
	bool is_read = !persist_check_reader(NULL, &why);

	buf_adds(&hint, "sudo anyarch register --persist");
	for (size_t i = 0; i < s->n; i++) {
		const struct status_row *row = &s->rows[i];

		if (row->state != STATUS_EMULATED || !row->rule || row->is_persistent)
			continue;
		buf_addf(&names, "%s%s", names.len ? ", " : "", row->rule->name);
		buf_addf(&hint, " %s", arch_word(row->arch));
	}
	if (!names.len)
		return;
	if (s->around.is_machine && !is_read)
		doctor_add(d, FINDING_NOTE, "not-persistent", why.hint, "gone after a reboot: %s; %s", buf_text(&names),
			why.message);
	else if (s->around.is_machine)
		doctor_add(d, FINDING_NOTE, "not-persistent", buf_text(&hint),
			"gone after a reboot, as no file of binfmt.d brings them back: %s", buf_text(&names));
	if (is_read && exists("/run/systemd/system"))
		doctor_add(d, FINDING_NOTE, "systemd-binfmt", buf_text(&hint),
			"systemd-binfmt writes to the table, too: when it restarts it removes %s", buf_text(&names));
}

void doctor_machine(const struct status *status, struct doctor *ret)
{
	check_instance(status, ret);
	for (size_t i = 0; i < status->n; i++)
		check_row(status, &status->rows[i], ret);
	check_entries(status, ret);
	check_persistence(status, ret);
	check_others(ret);
	check_containers(status, ret);
	if (status->is_emulating)
		doctor_add(ret, FINDING_OK, "lasting", NULL, "the handlers last %s", status_lasting(status));
}
