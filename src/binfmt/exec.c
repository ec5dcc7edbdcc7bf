// SPDX-License-Identifier: MIT
/* Finds which file the kernel starts for each probe program, and explains the result of a probe. */
#include "binfmt/exec.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/stop.h"
#include "emulator/emulator.h"

/*
 * Tries one program after the other until one starts. A failed exec leaves the child unchanged, so one vfork serves all
 * programs without a handler. The child shares the parent's memory; *at is the current program.
 */
static _Noreturn void chain(const struct stage *stage, size_t n, volatile size_t *at, pid_t parent)
{
	stage_die_with(parent);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(STAGE_NOT_STARTED);
	for (; *at < n; ++*at)
		stage_start(stage, *at);
	_exit(0);
}

static int trace_all(const struct stage *stage, size_t n, struct err *e)
{
	volatile size_t at = 0;

	while (at < n) {
		pid_t self = getpid(), pid;
		int status;

		/* The child makes only system calls until it execs or exits. */
		pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
		if (!pid)
			chain(stage, n, &at, self); /* NOLINT(clang-analyzer-unix.Vfork) */
		if (pid < 0)
			return err_set(e, -EIO, "cannot start a process: %s", strerror(errno));
		while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
			;
		if (WIFEXITED(status) && WEXITSTATUS(status))
			return 0; /* ptrace is denied: the rest stays unknown */
		if (at < n && WIFSTOPPED(status)) {
			stage_identify(stage, at, pid);
			kill(pid, SIGKILL);
			while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
				;
		} else if (at < n) {
			stage->jobs[at].error = ENOEXEC; /* killed inside execve */
		}
		at++;
	}
	return 0;
}

struct exec_job exec_probe(const struct arch *arch, size_t index)
{
	return (struct exec_job){ .probe = probe_build(arch, index, NULL), .exe = -1 };
}

void exec_close(struct exec_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cleanup_fd(&jobs[i].exe);
}

int exec_trace(struct exec_job *jobs, size_t n, struct err *e)
{
	auto_fd proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stage stage = { .jobs = jobs, .dir = -1, .proc = proc };
	int *memfds, r;

	if (!n)
		return 0;
	if (proc < 0 || faccessat(proc, "self/fd", X_OK, 0) < 0) {
		err_set(e, -EOPNOTSUPP, "/proc is not mounted");
		return err_hint(e, "mount -t proc proc /proc");
	}
	memfds = stage_make_memfds(jobs, n, e);
	if (!memfds)
		return e ? e->code : -EIO;
	for (size_t i = 0; i < n; i++)
		jobs[i] = (struct exec_job){ .probe = jobs[i].probe, .exe = -1 };
	stage.memfds = memfds;
	r = trace_all(&stage, n, e);
	stage_close_memfds(memfds, n);
	return r;
}

enum { LOAD_SECONDS = 5 };

/* A handler of another kind could execute the program before it calls socket(2). */
static bool is_qemu(pid_t pid, const struct arch *arch)
{
	char path[STAGE_NAME_MAX], version[EMULATOR_VERSION_MAX];
	auto_fd exe = -1;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	exe = open(path, O_RDONLY | O_CLOEXEC);
	return exe >= 0 && emulator_version(exe, arch, version);
}

/* Lets QEMU run until it would listen for a debugger, which it does after loading the program. True if it ended before.
 */
static bool ends_early(pid_t pid, int *status)
{
	struct __ptrace_syscall_info call;
	int signal = 0;

	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, signal) < 0 || waitpid(pid, status, __WALL) < 0)
			return false;
		if (!WIFSTOPPED(*status))
			return !WIFSIGNALED(*status) || WTERMSIG(*status) != SIGALRM;
		signal = WSTOPSIG(*status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(*status);
		if (signal)
			continue;
		/* Before Linux 5.3, it cannot be told when QEMU has loaded the program: do not wait for its port. */
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) <= 0 ||
			(call.op == PTRACE_SYSCALL_INFO_ENTRY && call.entry.nr == SYS_socket))
			return false;
	}
}

static _Noreturn void start(const struct exec_file *file, int said, pid_t parent)
{
	char *arguments[] = { mem_text(file->path), NULL }, debugger[] = "QEMU_GDB=1";
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t n = 0;
	char **all;

	while (file->environment[n])
		n++;
	all = mem_new(n + 2, sizeof(*all));
	if (file->emulated)
		*all = debugger; /* before a variable of the same name */
	memcpy(all + (*all != NULL), file->environment, n * sizeof(*all));
	stage_die_with(parent);
	if (file->root >= 0 &&
		(fchdir(file->root) < 0 || (chroot(".") < 0 && (unshare(CLONE_NEWUSER) < 0 || chroot(".") < 0))))
		_exit(0);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(0);
	if (file->emulated) { /* else the path may be a standard stream */
		dup2(null, STDOUT_FILENO);
		dup2(said < 0 ? null : said, STDERR_FILENO);
	}
	alarm(LOAD_SECONDS);
	execve(file->path, arguments, all);
	_exit(errno);
}

int exec_try(struct exec_file *file)
{
	auto_fd said = memfd_create("said", MFD_CLOEXEC);
	pid_t self = getpid(), pid = fork();
	int status = 0, r = 1;

	*file->said = '\0';
	if (!pid)
		start(file, said, self);
	while (pid > 0 && waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		if (stop_signal())
			kill(pid, SIGKILL); /* execve may wait for a slow file system */
	if (pid > 0 && WIFSTOPPED(status)) {
		r = WSTOPSIG(status) == SIGTRAP ? 0 : -ENOEXEC; /* killed inside execve */
		if (!r && file->emulated && is_qemu(pid, file->emulated) && ends_early(pid, &status)) {
			stage_take_last_line(said, file->said);
			return -EBADMSG;
		}
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
			continue;
	} else if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status)) {
		r = -WEXITSTATUS(status);
	}
	return r;
}

bool exec_is_good(const struct exec_job *job)
{
	return job->has_ended && WIFEXITED(job->status) && WEXITSTATUS(job->status) == PROBE_ARGC;
}

unsigned long long exec_limit_mib(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY
		       ? 0
		       : (unsigned long long)limit.rlim_cur >> 20;
}

void exec_explain(const struct exec_job *job, char *ret, size_t size)
{
	unsigned long long limit = exec_limit_mib();

	if (limit && job->taker != EXEC_NOBODY)
		snprintf(ret, size, "an emulator reserves more than this limit of the address space, %llu MiB", limit);
	else if (job->timed_out)
		snprintf(ret, size, "it did not end within %d s", EXEC_TIMEOUT_MS / 1000);
	else if (job->error == ENOEXEC)
		snprintf(ret, size, "no handler takes it (Exec format error)");
	else if (job->error)
		snprintf(ret, size, "it does not start: %s", strerror(job->error));
	else if (!job->has_ended)
		snprintf(ret, size, "it was not run");
	else if (WIFSIGNALED(job->status))
		snprintf(ret, size, "it was killed by signal %d%s%s", WTERMSIG(job->status), *job->said ? ": " : "",
			job->said);
	else if (WEXITSTATUS(job->status) == PROBE_ARGC + 1)
		snprintf(ret, size, "the emulator does not understand the P flag (arguments shifted)");
	else
		snprintf(ret, size, "it ended with status %d instead of %d%s%s", WEXITSTATUS(job->status), PROBE_ARGC,
			*job->said ? ": " : "", job->said);
}
