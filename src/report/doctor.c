// SPDX-License-Identifier: MIT
/* Finds what is wrong with this machine, why, and which command fixes it. */
#include "report/doctor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "binfmt/exec.h"
#include "binfmt/native.h"
#include "binfmt/persist.h"
#include "binfmt/userns.h"
#include "emulator/package.h"

enum { WHOLE_FILE = 8 * 1024 * 1024 };

static bool is_zero(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[3] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && text[0] == '0' && strchr("\n", text[1]);
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

/* Whether the running kernel's module can be loaded; true if that is unknown. */
static bool has_module(void)
{
	auto_free char *path = NULL;
	struct utsname name;

	if (uname(&name) < 0)
		return true;
	path = mem_print("/lib/modules/%s/modules.dep", name.release);
	if (exists(path))
		return file_has_line(path, "binfmt_misc.ko");
	*strrchr(path, '/') = '\0';
	return !exists(path) && !exists("/lib/modules");
}

/* The command that enables foreign programs; on ARM, the default platforms are not foreign. */
static const char *register_hint(const struct status *s)
{
	bool has_both = arch_host() == arch_by_qemu("aarch64") && status_works(s, arch_by_qemu("arm"));

	return has_both ? "sudo anyarch register amd64" : "sudo anyarch register";
}

static void check_instance(const struct status *s, struct doctor *d)
{
	auto_buf kernel = { 0 };
	struct statvfs fs;

	package_install(&kernel, "linux-image-$(uname -r)",
		"the modules of this kernel, or a kernel with CONFIG_BINFMT_MISC, and restart");

	if (!file_has_line("/proc/filesystems", "binfmt_misc") && !has_module())
		doctor_add(d, PROBLEM("kernel-support"), buf_text(&kernel),
			"this kernel has no binfmt_misc: it is not built in, and its module is missing "
			"(after a kernel upgrade, reboot)");
	if (s->instance == INSTANCE_AUTOMOUNT)
		doctor_add(d, NOTE("automount"), register_hint(s),
			"binfmt_misc is an automount that was not triggered yet: handlers that containers "
			"register before that go to another table");
	else if (s->instance == INSTANCE_ABSENT && !s->is_emulating && doctor_is_powerless())
		doctor_add(d, WARNING("no-privilege"), "docker run --rm --privileged IMAGE",
			"this container may not mount binfmt_misc: it was started without --privileged");
	else if (s->instance == INSTANCE_ABSENT && !s->is_emulating && !s->is_untested)
		doctor_add(d, WARNING("not-mounted"), register_hint(s),
			"binfmt_misc is not mounted, and no foreign program runs");
	else if (s->instance == INSTANCE_ABSENT && s->is_emulating)
		doctor_add(d, FINE("not-mounted-here"), NULL,
			"binfmt_misc is not mounted here, and its handlers work: pinned, or mounted "
			"elsewhere");
	if (s->path && !statvfs(s->path, &fs) && fs.f_flag & ST_RDONLY) {
		auto_buf remount = doctor_command("sudo mount -o remount,rw ", s->path);

		doctor_add(d, WARNING("read-only"), buf_text(&remount),
			"%s is mounted read-only here: nothing can be registered (a container needs "
			"--privileged)",
			s->path);
	}
	if (s->is_off)
		doctor_switched_off(s, d);
	if (!s->around.is_initial_userns)
		doctor_add(d, NOTE("user-namespace"), NULL,
			"this is a separate user namespace: its handlers are valid in it only");
	if (s->instance == INSTANCE_VISIBLE && !s->around.is_machine && s->around.is_initial_userns)
		doctor_add(d, NOTE("other-mount-namespace"), NULL,
			"this is not the machine's own mount namespace: a mount made here ends with it");
}

static void check_others(const struct status *s, struct doctor *d)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/local/bin", "/usr/libexec/docker" };
	const char *host = getenv("DOCKER_HOST"), *runtime = getenv("XDG_RUNTIME_DIR");
	auto_free char *podman = mem_print("%s/podman/podman.sock", runtime ? runtime : "/nonexistent"),
		       *docker = mem_print("%s/docker.sock", runtime ? runtime : "/nonexistent");
	auto_buf profile = { 0 };

	if (exists("/var/lib/binfmts") && exists("/usr/sbin/update-binfmts"))
		doctor_add(d, NOTE("binfmt-support"), NULL,
			"binfmt-support writes to the table, too (update-binfmts --display)");
	userns_profile(&profile);
	if (userns_is_confined())
		doctor_add(d, NOTE("apparmor-userns"), buf_text(&profile),
			"AppArmor does not let unprivileged users create user namespaces, unless the program has a "
			"profile that allows it");
	if (is_zero("/proc/sys/kernel/unprivileged_userns_clone"))
		doctor_add(d, NOTE("userns-clone"), "sudo sysctl kernel.unprivileged_userns_clone=1",
			"unprivileged users may not create user namespaces");
	if (is_zero("/proc/sys/user/max_user_namespaces"))
		doctor_add(d, NOTE("max-user-namespaces"), "sudo sysctl user.max_user_namespaces=10000",
			"user namespaces are disabled");
	if (exists(podman))
		doctor_add(d, NOTE("podman-rootless"), register_hint(s),
			"Podman runs rootless: a set-up container cannot mount binfmt_misc there, and "
			"what is registered on the machine works in it");
	if ((host && strstr(host, "/run/user/")) || exists(docker))
		doctor_add(d, NOTE("docker-rootless"), register_hint(s),
			"Docker runs rootless: a set-up container cannot mount binfmt_misc there, and "
			"what is registered on the machine works in it");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = mem_print("%s/buildkit-qemu-aarch64", dirs[i]);

		if (exists(path))
			doctor_add(d, NOTE("buildkit-emulators"), NULL,
				"BuildKit brings emulators of its own (%s): it falls back to them, "
				"'docker run' does not",
				path);
	}
}

/* The number of rows of an entry before the given one; an entry may match several architectures. */
static unsigned rows_of(const struct status *s, const struct rule *rule, const struct status_row *before)
{
	unsigned n = 0;

	for (const struct status_row *row = s->rows; row < before; row++)
		n += rule && row->rule == rule;
	return n;
}

/* Reports an entry that matches several architectures, once. */
static bool is_wide(const struct status *s, const struct status_row *row, struct doctor *d)
{
	unsigned all = rows_of(s, row->rule, s->rows + s->n);
	auto_buf out = { 0 };

	if (!row->rule || all < 2 || doctor_has_our_name(row->arch, row->rule))
		return false;
	doctor_unregister_hint(&out, row->rule);
	if (!rows_of(s, row->rule, row))
		doctor_add(d, PROBLEM("too-wide"), buf_text(&out),
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
			break; /* reported as takes-native */
		doctor_add(d, PROBLEM("broken"), buf_text(&again), "%s is broken: %s", name, row->why);
		break;
	case STATUS_SHADOWED:
		doctor_add(d, doctor_has_our_name(row->arch, row->rule) ? WARNING("shadowed") : NOTE("shadowed"),
			doctor_has_our_name(row->arch, row->rule) ? buf_text(&again) : buf_text(&out),
			"%s is never used: a newer handler takes the same programs", name);
		break;
	case STATUS_DISABLED:
		if (s->is_off)
			break;
		doctor_add(d, WARNING("disabled"), buf_text(&again), "%s is disabled", name);
		break;
	case STATUS_MISSING:
		doctor_add(
			d, WARNING("missing"), buf_text(&again), "%s programs do not run: 'Exec format error'", name);
		break;
	case STATUS_EMULATED:
		if (row->arch == arch_by_qemu("i386") && arch_host() == arch_by_qemu("x86_64") &&
			!native_test(&row->arch, 1, false, &is_native, NULL) && is_native)
			doctor_add(d, WARNING("hijacked"), buf_text(&out),
				"%s takes i386 programs, which this kernel runs natively and faster", name);
		else
			doctor_add(d, FINE("works"), NULL, "%s programs run, by %s", arch,
				row->rule ? row->rule->interpreter : "a handler");
		break;
	case STATUS_NATIVE:
		doctor_add(d, FINE("native"), NULL, "%s programs run natively", arch);
		break;
	case STATUS_UNTESTED:
		doctor_add(d, NOTE("cannot-test"), exec_limit_mib() ? "ulimit -v unlimited" : s->untested_hint,
			"%s was not tested: %s", name, row->why);
		break;
	case STATUS_FOREIGN:
		doctor_add(d, FINE("foreign"), NULL, "'%s' is for something else", name);
		break;
	}
}

/* Handlers that no file restores after a reboot, or when systemd-binfmt restarts. */
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
		doctor_add(d, NOTE("not-persistent"), why.hint, "gone after a reboot: %s; %s", buf_text(&names),
			why.message);
	else if (s->around.is_machine)
		doctor_add(d, NOTE("not-persistent"), buf_text(&hint),
			"gone after a reboot, as no file of binfmt.d brings them back: %s", buf_text(&names));
	if (is_read && exists("/run/systemd/system"))
		doctor_add(d, NOTE("systemd-binfmt"), buf_text(&hint),
			"systemd-binfmt writes to the table, too: when it restarts it removes %s", buf_text(&names));
}

void doctor_machine(const struct status *status, struct doctor *ret)
{
	check_instance(status, ret);
	for (size_t i = 0; i < status->n; i++)
		check_row(status, &status->rows[i], ret);
	doctor_entries(status, ret);
	check_persistence(status, ret);
	check_others(status, ret);
	if (status->is_emulating)
		doctor_add(ret, FINE("lasting"), NULL, "the handlers last %s", status_lasting(status).text);
}
