// SPDX-License-Identifier: MIT
/* Opens the table by the method that makes handlers last longest: in place, pinned or through the host. */
#include "binfmt/lasting.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/str.h"
#include "binfmt/items.h"
#include "binfmt/pin.h"

const char *const lasting_words[] = { "auto", "host", "pin", "mount", "no", NULL };

/* include/linux/proc_ns.h: PROC_PID_INIT_INO, part of the ABI since 3.8. */
enum { INITIAL_PID_NAMESPACE = (int)0xeffffffcU };

static bool read_start(const char *path, char *text, size_t size)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* /proc/PID/uid_map of the initial namespace maps every ID to itself. */
static bool is_initial_userns(void)
{
	unsigned long want[] = { 0, 0, 4294967295UL };
	char map[128], *cursor = map;

	if (!read_start("/proc/self/uid_map", map, sizeof(map)))
		return true; /* no /proc or no user namespaces */
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		char *end;

		if (strtoul(cursor, &end, 10) != want[i])
			return false;
		cursor = end;
	}
	return true;
}

struct surroundings lasting_look(void)
{
	struct surroundings s = { .is_initial_userns = is_initial_userns() };
	char own[64], init[64];
	struct stat st;

	s.sees_host =
		s.is_initial_userns && !stat("/proc/self/ns/pid", &st) && st.st_ino == (unsigned)INITIAL_PID_NAMESPACE;
	/* Mount IDs are unique across namespaces, and reading mountinfo of PID 1 needs no privilege. */
	if (s.sees_host && read_start("/proc/self/mountinfo", own, sizeof(own)) &&
		read_start("/proc/1/mountinfo", init, sizeof(init))) {
		own[strcspn(own, " ")] = init[strcspn(init, " ")] = '\0';
		s.is_machine = !strcmp(own, init);
	}
	return s;
}

/*
 * Opens the host's instance for writing through /proc/1/ns/mnt (mounts it or triggers an automount if needed), and
 * returns to this mount namespace and root.
 */
static int open_host(struct instance *ret, struct err *e)
{
	auto_fd host = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	auto_fd own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	auto_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (host < 0 || own < 0 || root < 0)
		return err_sys(e, -errno, "cannot access the host's mount namespace");
	if (setns(host, CLONE_NEWNS) < 0)
		return err_sys(e, -errno, "cannot enter the host's mount namespace");
	r = instance_open_in_place(NULL, ret, e);
	if (setns(own, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 || (cwd >= 0 && fchdir(cwd) < 0)) {
		int code = -errno;

		if (!r)
			instance_close(ret);
		return err_sys(e, code, "cannot return from the host's mount namespace");
	}
	return r;
}

static enum lasting choose_way(enum lasting asked, const char *at, const struct surroundings *around)
{
	if (asked != LASTING_AUTO)
		return asked;
	/* PID 1 of a container: its mounts end with it, its user namespace may not. */
	if (!around->is_initial_userns && getpid() == 1)
		return LASTING_PIN;
	if (!around->is_machine && !at && instance_lacks_place())
		return LASTING_PIN;
	return around->is_machine || !around->is_initial_userns ? LASTING_MOUNT : LASTING_PIN;
}

int lasting_open(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *ret, struct err *e)
{
	int r;

	report->lasting = choose_way(options->lasting, options->mount_at, around);
	report->is_userns_only = !around->is_initial_userns;
	report->lasts = report->lasting == LASTING_MOUNT && (around->is_machine || !around->is_initial_userns);
	if (report->lasting == LASTING_HOST) {
		r = open_host(ret, e);
		report->lasts = !r;
	} else if (report->lasting == LASTING_PIN) {
		r = instance_open_detached(ret, e);
		report->lasts = !r;
	} else {
		const char *at = options->mount_at ? options->mount_at : INSTANCE_USUAL;

		/* In a user namespace a visible instance may be the parent's; a new mount never is. */
		if (around->is_initial_userns) {
			r = instance_open_in_place(options->mount_at, ret, e);
		} else {
			r = instance_mount(at, e);
			r = r ? r : instance_open_write(at, ret, e);
		}
	}
	if (report->lasting == LASTING_MOUNT && !report->lasts)
		err_set(&report->not_lasting, -ENOTSUP,
			"binfmt_misc is mounted in this mount namespace only and ends with it");
	return r;
}

int lasting_pin(const struct register_options *options, const struct surroundings *around,
	struct register_report *report, struct instance *instance, struct err *e)
{
	const struct emulator *emulators[REGISTER_ITEMS_MAX];
	auto_instance host = INSTANCE_INIT;
	size_t n = 0;
	int r = 0;

	if (report->lasting != LASTING_PIN)
		return 0;
	for (size_t i = 0; i < report->n; i++) {
		const struct register_item *item = &report->items[i];

		if (item->result != REGISTER_PENDING)
			continue;
		emulators[n++] = &item->emulator;
		if (!r && !(item->rule.flags & RULE_FIXED))
			r = err_set(e, -EOPNOTSUPP, "a handler that is not fixed (F) cannot be pinned");
	}
	if (!n)
		return 0;
	r = r ? r : pin_start(instance, emulators, n, !report->is_userns_only, e);
	if (!r || options->lasting == LASTING_PIN)
		return r ? (e->code = -EOPNOTSUPP) : 0;
	err_move(&report->not_lasting, e);
	if (around->sees_host && !open_host(&host, NULL)) {
		report->lasting = LASTING_HOST;
		err_done(&report->not_lasting);
		return 0;
	}
	report->lasts = false;
	report->lasting = LASTING_NO;
	err_hint(&report->not_lasting, "docker run --privileged, or --cap-add SYS_ADMIN and SYS_CHROOT, or add "
				       "--pid=host; or register on the machine itself");
	return 0;
}
