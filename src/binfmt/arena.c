// SPDX-License-Identifier: MIT
/* Probe programs: stored in memfds or a directory, started under ptrace, and run to their end in an empty root. */
#include "binfmt/arena.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fdio.h"
#include "base/kernel.h"
#include "base/memory.h"
#include "base/stop.h"

enum { NAP_MS = 100, WIDTH_MAX = 16 };
enum { ARENA_OK, ARENA_NO_ROOT, ARENA_FAILED };

struct running {
	pid_t pid;
	int said; /* memfd of its standard error, or -1 */
	size_t job;
	long long deadline;
};

void stage_start(const struct stage *stage, size_t i)
{
	char *argv[PROBE_ARGC + 1], *envp[] = { NULL }, name[STAGE_NAME_MAX], arg[] = "-";

	for (size_t k = 0; k < PROBE_ARGC; k++)
		argv[k] = arg;
	argv[PROBE_ARGC] = NULL;
	stage->jobs[i].taker = EXEC_NOBODY;
	if (stage->dir < 0) {
		/* A bare root may have /proc only; execveat(2) makes the emulator open /dev/fd. */
		snprintf(name, sizeof(name), "/proc/self/fd/%d", stage->memfds[i]);
		execve(name, argv, envp);
		if (errno == ENOENT)
			execveat(stage->memfds[i], "", argv, envp, AT_EMPTY_PATH);
	} else {
		snprintf(name, sizeof(name), "/%zu", i);
		execve(name, argv, envp);
	}
	stage->jobs[i].error = errno;
}

void stage_die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STAGE_NOT_STARTED);
}

void stage_identify(const struct stage *stage, size_t i, pid_t pid)
{
	struct exec_job *job = &stage->jobs[i];
	char name[STAGE_NAME_MAX];
	struct stat exe, own;

	snprintf(name, sizeof(name), "%d/exe", (int)pid);
	job->taker = EXEC_UNKNOWN;
	if (fstatat(stage->proc, name, &exe, 0) < 0)
		return;
	job->dev = exe.st_dev;
	job->ino = exe.st_ino;
	job->taker = EXEC_HANDLER;
	if (stage->dir < 0) {
		if (!fstat(stage->memfds[i], &own) && own.st_dev == exe.st_dev && own.st_ino == exe.st_ino)
			job->taker = EXEC_ITSELF;
		else
			job->exe = openat(stage->proc, name, O_RDONLY | O_CLOEXEC);
		return;
	}
	snprintf(name, sizeof(name), "%zu", i);
	if (!fstatat(stage->dir, name, &own, 0) && own.st_dev == exe.st_dev && own.st_ino == exe.st_ino)
		job->taker = EXEC_ITSELF;
}

/* vm.memfd_noexec makes memfds not executable, or forbids them: use an O_TMPFILE file then. */
static int create_nameless(void)
{
	static const char *const dirs[] = { "/dev/shm", "/tmp", "/var/tmp", "/run" };
	int fd = memfd_create("probe", 0);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_mode & 0100)
		return fd;
	cleanup_fd(&fd);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		struct statvfs fs;

		fd = open(dirs[i], O_TMPFILE | O_RDWR, 0755);
		if (fd >= 0 && !fstatvfs(fd, &fs) && !(fs.f_flag & ST_NOEXEC))
			return fd;
		cleanup_fd(&fd);
	}
	return -EOPNOTSUPP;
}

/* Executing a file that is open for writing fails with ETXTBSY, so reopen it and close the writer. */
static int make_memfd(const struct probe *probe, int *ret)
{
	auto_fd fd = create_nameless();
	char path[STAGE_NAME_MAX];
	int r;

	if (fd < 0)
		return fd;
	r = fd_write(fd, probe->data, probe->size);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*ret = open(path, O_RDONLY); /* no O_CLOEXEC: exec through a handler would fail with ENOENT */
	return *ret < 0 ? -errno : 0;
}

void stage_close_memfds(int *memfds, size_t n)
{
	while (n)
		close(memfds[--n]);
	free(memfds);
}

int *stage_make_memfds(const struct exec_job *jobs, size_t n, struct err *e)
{
	int *memfds = mem_new(n, sizeof(*memfds)), r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		r = make_memfd(&jobs[i].probe, &memfds[i]);
		if (r)
			stage_close_memfds(memfds, i);
	}
	if (r)
		err_sys(e, r, "cannot make probe programs");
	return r ? NULL : memfds;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Opens /dev/null, or a memfd if it does not exist (bare root). */
static int open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return fd >= 0 ? fd : memfd_create("null", MFD_CLOEXEC);
}

static _Noreturn void child(const struct stage *stage, size_t i, int said, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	stage_die_with(parent);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(stage->null, fd);
	if (said >= 0)
		dup2(said, STDERR_FILENO);
	/* With huge pages, QEMU has the kernel clear 2 MiB to translate ten instructions. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	stage_start(stage, i);
	_exit(STAGE_NOT_STARTED);
}

void stage_take_last_line(int fd, char ret[EXEC_SAID])
{
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char text[1024], *line;
	off_t from = size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = size > 0 ? fd_pread(fd, text, sizeof(text) - 1, from) : 0;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
	line = strrchr(text, '\n');
	snprintf(ret, EXEC_SAID, "%.*s", EXEC_SAID - 1, line ? line + 1 : text);
	for (char *p = ret; *p; p++)
		*p = (unsigned char)*p < ' ' || (unsigned char)*p > '~' ? '?' : *p;
}

/* Handles one state change of a child; true if the child has ended. */
static bool step(const struct stage *stage, const struct running *r, int status)
{
	struct exec_job *job = &stage->jobs[r->job];

	if (WIFSTOPPED(status)) {
		stage_identify(stage, r->job, r->pid);
		if (ptrace(PTRACE_DETACH, r->pid, NULL, NULL) < 0)
			kill(r->pid, SIGKILL);
		return false;
	}
	/* An exec that fails after the point of no return kills the process without a ptrace stop. */
	if (job->taker == EXEC_NOBODY && !job->error && WIFSIGNALED(status) && !job->timed_out)
		job->error = ENOEXEC;
	job->has_ended = !job->error && !job->timed_out;
	job->status = status;
	return true;
}

static size_t reap(const struct stage *stage, struct running *run, size_t n)
{
	for (size_t i = 0; i < n;) {
		int status;
		pid_t pid = waitpid(run[i].pid, &status, WNOHANG | __WALL);

		if (pid == run[i].pid ? step(stage, &run[i], status) : pid < 0 && errno == ECHILD) {
			stage_take_last_line(run[i].said, stage->jobs[run[i].job].said);
			cleanup_fd(&run[i].said);
			run[i] = run[--n];
		} else if (pid != run[i].pid) {
			i++;
		}
	}
	return n;
}

/* Keeps one program running for each CPU that this process may use; kills all of them on a signal. */
static int run_all(const struct stage *stage, size_t n, struct err *e)
{
	struct running run[WIDTH_MAX];
	size_t active = 0, next = 0, left, width = WIDTH_MAX;
	long long now;
	cpu_set_t allowed;
	sigset_t set, old;
	int r = 0;

	if (!sched_getaffinity(0, sizeof(allowed), &allowed)) /* else more than 1,024 CPUs */
		width = MIN_OF((size_t)CPU_COUNT(&allowed), width);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	while (active || (next < n && !r)) {
		while (!r && active < width && next < n) {
			int said = memfd_create("said", MFD_CLOEXEC);
			pid_t self = getpid(), pid = fork();

			if (!pid)
				child(stage, next, said, self);
			if (pid < 0) {
				cleanup_fd(&said);
				r = err_set(e, -EIO, "cannot start a process: %s", strerror(errno));
				break;
			}
			run[active++] = (struct running){ pid, said, next++, now_ms() + EXEC_TIMEOUT_MS };
		}
		left = reap(stage, run, active);
		/* SIGCHLD is blocked, so none is missed. */
		if (left == active)
			sigtimedwait(&set, NULL, &(struct timespec){ .tv_nsec = NAP_MS * 1000000L });
		active = left;
		r = r ? r : stop_check(e);
		now = now_ms();
		for (size_t i = 0; i < active; i++) {
			if (!r && run[i].deadline > now)
				continue;
			stage->jobs[run[i].job].timed_out = true;
			kill(run[i].pid, SIGKILL);
		}
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

static void write_text(const char *path, const char *text)
{
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		fd_write(fd, text, strlen(text));
}

/* Enters a new mount namespace, and a new user namespace if that is not permitted otherwise or the table is hidden. */
static int enter_namespace(bool is_bare)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	auto_fd fs = -1;

	if (!is_bare && !unshare(CLONE_NEWNS))
		return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ? -errno : 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	write_text("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
	write_text("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)gid);
	write_text("/proc/self/gid_map", map);
	if (!is_bare)
		return 0;
	fs = fsopen("binfmt_misc", FSOPEN_CLOEXEC); /* the instance need not be mounted */
	return fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

/* In a child of its own, because it changes namespaces and root directory. */
static int arena(struct exec_job *shared, size_t n, bool is_bare, pid_t parent)
{
	/* Directories that this process does not need, to mount a tmpfs over. */
	static const char *const places[] = { "/tmp", "/sys", "/dev", "/mnt", "/run", "/proc" };
	struct stage stage = { .jobs = shared, .dir = -1, .proc = -1, .null = -1 };
	size_t i = 0;

	stage_die_with(parent);
	stage.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	stage.null = open_null();
	if (enter_namespace(is_bare))
		return ARENA_NO_ROOT;
	while (i < ARRAY_SIZE(places) && mount("tmpfs", places[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m"))
		i++;
	stage.dir = i < ARRAY_SIZE(places) ? open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (stage.dir < 0)
		return ARENA_NO_ROOT;
	for (size_t k = 0; k < n; k++) {
		const struct probe *probe = &shared[k].probe;
		char name[STAGE_NAME_MAX];
		auto_fd fd = -1;

		snprintf(name, sizeof(name), "%zu", k);
		fd = openat(stage.dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
		if (fd < 0 || fd_write(fd, probe->data, probe->size) || fchmod(fd, 0755) < 0)
			return ARENA_NO_ROOT;
	}
	if (fchdir(stage.dir) < 0 || chroot(".") < 0)
		return ARENA_NO_ROOT;
	return run_all(&stage, n, NULL) ? ARENA_FAILED : ARENA_OK;
}

/* 0 if the programs ran in an empty root, -EOPNOTSUPP if that is not permitted, or -errno. */
static int run_arena(struct exec_job *shared, size_t n, bool is_bare, struct err *e)
{
	pid_t self = getpid(), pid = fork(), got;
	int status;

	if (!pid)
		_exit(arena(shared, n, is_bare, self));
	if (pid < 0)
		return err_set(e, -EIO, "cannot start a process: %s", strerror(errno));
	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		if (stop_signal())
			kill(pid, SIGTERM);
	if (stop_check(e))
		return -EINTR;
	if (got == pid && WIFEXITED(status) && WEXITSTATUS(status) == ARENA_OK)
		return 0;
	if (got == pid && WIFEXITED(status) && WEXITSTATUS(status) == ARENA_NO_ROOT)
		return -EOPNOTSUPP;
	return err_set(e, -EIO, "the probe programs could not be run");
}

/* Without an empty root, this proves that the programs run, not that the handlers are fixed. */
static int run_here(struct exec_job *shared, size_t n, struct err *e)
{
	auto_fd proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), null = open_null();
	struct stage stage = { .jobs = shared, .dir = -1, .proc = proc, .null = null };
	int *memfds = stage_make_memfds(shared, n, e), r;

	if (!memfds)
		return e ? e->code : -EIO;
	stage.memfds = memfds;
	r = run_all(&stage, n, e);
	stage_close_memfds(memfds, n);
	for (size_t i = 0; i < n; i++) {
		cleanup_fd(&shared[i].exe);
		shared[i].exe = -1;
	}
	return r;
}

int arena_run(struct exec_job *jobs, size_t n, bool is_bare, bool *ret_is_rooted, struct err *e)
{
	struct exec_job *shared;
	int r;

	*ret_is_rooted = true;
	if (!n)
		return 0;
	shared = mmap(NULL, n * sizeof(*jobs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_sys(e, -ENOMEM, "cannot run probe programs");
	for (size_t i = 0; i < n; i++)
		shared[i] = (struct exec_job){ .probe = jobs[i].probe, .exe = -1 };
	r = run_arena(shared, n, is_bare, e);
	*ret_is_rooted = !r;
	if (r == -EOPNOTSUPP && !is_bare)
		r = run_here(shared, n, e);
	memcpy(jobs, shared, n * sizeof(*jobs));
	munmap(shared, n * sizeof(*jobs));
	return r;
}
