// SPDX-License-Identifier: MIT
/* Detects what decides how long handlers live, and opens the instance of the host's mount namespace. */
#include "binfmt/lasting.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/str.h"

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

static bool is_initial_pidns(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == (unsigned)INITIAL_PID_NAMESPACE;
}

/* Mount IDs are unique across namespaces, and reading mountinfo of PID 1 needs no privilege. */
static bool shares_mounts_with_init(void)
{
	char own[64], init[64];

	if (!read_start("/proc/self/mountinfo", own, sizeof(own)) ||
		!read_start("/proc/1/mountinfo", init, sizeof(init)))
		return false;
	own[strcspn(own, " ")] = init[strcspn(init, " ")] = '\0';
	return !strcmp(own, init);
}

struct surroundings lasting_look(void)
{
	struct surroundings s = { .is_initial_userns = is_initial_userns() };

	s.sees_host = s.is_initial_userns && is_initial_pidns();
	s.is_machine = s.sees_host && shares_mounts_with_init();
	return s;
}

int lasting_open_host(struct instance *ret, struct err *e)
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
