// SPDX-License-Identifier: MIT
/* Kills the processes that a command leaves running in the user namespace created for it. */
#include "run/sweeper.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fdio.h"
#include "base/kernel.h"
#include "base/str.h"

enum { DEPTH_MAX = 32, ROUNDS_QUIET = 2, NAP_NS = 1000000 };

/* File descriptor numbers of the sweeper. */
enum { AT_COMMAND = 3, AT_PROC, AT_TABLE, AT_FREE };

/* Whether a process is in this user namespace or a descendant of it (ioctl_ns(2)). */
static bool is_inside(const char *pid, const struct stat *own)
{
	char path[300];
	auto_fd ns = -1;
	struct stat st;

	snprintf(path, sizeof(path), "%s/ns/user", pid);
	ns = openat(AT_PROC, path, O_RDONLY | O_CLOEXEC);
	for (unsigned depth = 0; ns >= 0 && depth < DEPTH_MAX; depth++) {
		int above;

		if (!fstat(ns, &st) && st.st_ino == own->st_ino && st.st_dev == own->st_dev)
			return true;
		above = ioctl(ns, NS_GET_PARENT);
		cleanup_fd(&ns);
		ns = above;
	}
	return false;
}

static bool kill_some(const struct stat *own)
{
	auto_dir dir = fd_list_at(AT_PROC, ".");
	const struct dirent *entry;
	bool has_any = false;

	while (dir && (entry = fd_next(dir))) {
		unsigned long pid;
		auto_fd fd = -1;

		if (str_to_uint(entry->d_name, INT32_MAX, &pid) || (pid_t)pid == getpid())
			continue;
		/* The PID may be reused meanwhile: opened first, only the process that was checked can be killed. */
		fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		has_any |= fd >= 0 && is_inside(entry->d_name, own) &&
			   !syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	}
	return has_any;
}

/* Kills in rounds, because processes may fork meanwhile, until ROUNDS_QUIET rounds find none. */
static _Noreturn void sweep(int command, int proc, int table)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	struct pollfd end = { .fd = AT_COMMAND, .events = POLLIN };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int from[] = { null, null, null, command, proc, table };
	int high[ARRAY_SIZE(from)];
	struct stat own;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "anyarch-sweeper");
	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		high[i] = fcntl(from[i], F_DUPFD, AT_FREE + 8);
	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		if (high[i] < 0 || dup2(high[i], (int)i) < 0)
			close((int)i);
	close_range(AT_FREE, ~0U, 0);
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	if (!fstatat(AT_PROC, "self/ns/user", &own, 0))
		for (unsigned quiet = 0; quiet < ROUNDS_QUIET; quiet = kill_some(&own) ? 0 : quiet + 1)
			nanosleep(&nap, NULL);
	_exit(0);
}

int sweeper_start(struct err *e)
{
	auto_fd command = (int)syscall(SYS_pidfd_open, getpid(), 0);
	auto_fd proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd table = open("/proc/sys/fs/binfmt_misc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int status = 1;
	pid_t pid;

	if (command < 0 || proc < 0)
		return err_sys(e, -errno, "cannot watch over the command");
	pid = fork();
	if (!pid) {
		pid_t sweeper = fork(); /* orphaned when this process exits: not a child of the command */

		if (!sweeper)
			sweep(command, proc, table);
		_exit(sweeper < 0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid < 0 || status ? err_set(e, -EAGAIN, "cannot start a process to watch over the command") : 0;
}
