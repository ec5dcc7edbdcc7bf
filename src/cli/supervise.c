// SPDX-License-Identifier: MIT
/* A command among processes of its own: what it started ends with it, signals and status pass through. */
#include "cli/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"

/* Signals that stay what they are: they cannot be passed on, or mean this process itself. */
static const int kept[] = { SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGILL, SIGFPE,
	SIGTRAP, SIGSYS };

/*
 * What the namespace's programs see as /proc, and in it the handlers' table again, which the new one hides. A root that
 * has no /proc goes without.
 */
static bool mount_proc(void)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount("proc", "/proc", "proc", flags, NULL) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
	return !mount("binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", flags, NULL);
}

/*
 * The first process of the namespace: with it all others end. It takes no part in anything, has its orphans reaped by
 * the kernel, and ends when the other end of the pipe is closed, by whatever ends who holds it.
 */
static _Noreturn void be_init(int alive, int ready)
{
	char byte = 0;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGCHLD, SIG_IGN);
	if (!mount_proc() || write(ready, &byte, 1) != 1)
		_exit(1);
	close(ready);
	while (read(alive, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* Its PID, and in *ret_alive what keeps it alive; -1 where there can be none. */
static pid_t start_init(int *ret_alive)
{
	struct clone_args args = { .flags = CLONE_NEWPID, .exit_signal = SIGCHLD };
	int alive[2], ready[2];
	char byte;
	pid_t pid;

	if (pipe2(alive, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(ready, O_CLOEXEC) < 0) {
		close(alive[0]);
		close(alive[1]);
		return -1;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (!pid) {
		close(alive[1]);
		close(ready[0]);
		be_init(alive[0], ready[1]);
	}
	close(alive[0]);
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		pid = -1;
	}
	close(ready[0]);
	if (pid < 0)
		close(alive[1]);
	else
		*ret_alive = alive[1];
	return pid;
}

/* Children to come are of its namespace. */
static int join(pid_t init)
{
	auto_fd fd = (int)syscall(SYS_pidfd_open, init, 0);

	return fd < 0 ? -1 : (int)syscall(SYS_setns, fd, CLONE_NEWPID);
}

/* All that can be passed on, but for what the caller had ignored: the command ignores that as well. */
static void find_signals(sigset_t *ret)
{
	sigfillset(ret);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		sigdelset(ret, kept[i]);
	for (int s = 1; s <= SIGRTMAX; s++) {
		struct sigaction action;

		if (s != SIGCHLD && !sigaction(s, NULL, &action) && action.sa_handler == SIG_IGN)
			sigdelset(ret, s);
	}
}

/* What comes from the terminal goes to the whole process group, and the command has it already. */
static void pass_on(pid_t command, const siginfo_t *info)
{
	if (info->si_signo != SIGCHLD && info->si_code <= 0)
		kill(command, info->si_signo);
}

static int wait_for(pid_t command, const sigset_t *signals)
{
	siginfo_t info;
	int status;

	for (;;) {
		pid_t pid = waitpid(command, &status, WNOHANG);

		if (pid == command)
			return status;
		if (pid < 0 && errno != EINTR)
			return -errno;
		if (sigwaitinfo(signals, &info) > 0)
			pass_on(command, &info);
	}
}

/* As the command ended; a core was written by that, and one is enough. */
static int end_as(int status)
{
	struct rlimit no_core = { 0 };
	sigset_t set;
	int s;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	s = WTERMSIG(status);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(s, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, s);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(s);
	return 128 + s;
}

/* vfork: what start leaves behind when it fails is seen here; else it has become another program. */
static pid_t start_command(int (*start)(void *context), void *context, const sigset_t *mask,
	const struct sigaction *child_action, volatile int *ret_error)
{
	pid_t pid = vfork();

	if (!pid) {
		sigaction(SIGCHLD, child_action, NULL);
		sigprocmask(SIG_SETMASK, mask, NULL);
		*ret_error = start(context);
		_exit(1);
	}
	if (pid < 0)
		*ret_error = -errno;
	while (pid > 0 && *ret_error && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid;
}

int supervise(int (*start)(void *context), void *context)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	struct sigaction child;
	sigset_t signals, before;
	volatile int error = 0;
	pid_t init, command = -1;
	int alive, status = 0;

	sigaction(SIGCHLD, &usual, &child); /* a caller that ignores it would have them reaped unseen */
	init = start_init(&alive);
	if (init < 0) {
		sigaction(SIGCHLD, &child, NULL);
		return start(context);
	}
	find_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (join(init) < 0)
		error = -errno;
	else
		command = start_command(start, context, &before, &child, &error);
	if (!error)
		status = wait_for(command, &signals);
	close(alive);
	while (waitpid(init, NULL, 0) < 0 && errno == EINTR)
		;
	return error ? error : status < 0 ? status : end_as(status);
}
