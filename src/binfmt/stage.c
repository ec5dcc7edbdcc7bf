// SPDX-License-Identifier: MIT
/* Where probe programs lie and how one is started and looked at: what tracing and running share. */
#include "binfmt/stage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/fdio.h"
#include "base/memory.h"

/* In a child. Returns only when exec failed, errno kept for the parent in shared memory. */
void stage_start(const struct stage *stage, size_t i)
{
	char *argv[PROBE_ARGC + 1], *envp[] = { NULL }, name[STAGE_NAME_MAX], arg[] = "-";

	for (size_t k = 0; k < PROBE_ARGC; k++)
		argv[k] = arg;
	argv[PROBE_ARGC] = NULL;
	stage->jobs[i].taker = EXEC_NOBODY;
	if (stage->dir < 0) {
		execveat(stage->memfds[i], "", argv, envp, AT_EMPTY_PATH);
	} else {
		snprintf(name, sizeof(name), "/%zu", i);
		execve(name, argv, envp);
	}
	stage->jobs[i].error = errno;
}

/*
 * Dies with its parent. One that died already cannot kill us any more, and PTRACE_TRACEME would make
 * PID 1 our tracer, which would leave us stopped for ever.
 */
void stage_die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STAGE_NOT_STARTED);
}

/* The file that the kernel started for the stopped child, compared with the program itself. */
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

/* vm.memfd_noexec makes memfds that cannot be executed, or none: then a file without a name does. */
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

/* Executing a memfd that is open for writing is ETXTBSY, so it is reopened and the writer let go. */
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
	*ret = open(path, O_RDONLY); /* not close-on-exec: a handler's exec would fail with ENOENT */
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
	int *memfds = mem_new(n, sizeof(*memfds)), r = memfds ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < n; i++) {
		r = make_memfd(&jobs[i].probe, &memfds[i]);
		if (r)
			stage_close_memfds(memfds, i);
	}
	if (r)
		err_sys(e, r, "cannot make probe programs");
	return r ? NULL : memfds;
}
