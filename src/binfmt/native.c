// SPDX-License-Identifier: MIT
/* Tests which architectures this machine runs without any handler, by trying. */
#include "binfmt/native.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/kernel.h"
#include "base/memory.h"
#include "binfmt/exec.h"

static void fill(const struct arch *const *archs, size_t n, struct exec_job *jobs)
{
	for (size_t i = 0; i < n; i++)
		jobs[i] = (struct exec_job){ .probe = probe_build(archs[i], 0, NULL), .exe = -1 };
}

static int trace(const struct arch *const *archs, size_t n, struct exec_job *jobs, struct err *e)
{
	int r;

	fill(archs, n, jobs);
	r = exec_trace(jobs, n, e);
	for (size_t i = 0; i < n; i++)
		cleanup_fd(&jobs[i].exe);
	return r;
}

/*
 * In a child. A user namespace with its own instance does not see its parent's handlers (fs/binfmt_misc.c,
 * load_binfmt_misc()). The instance need not be mounted.
 */
static int run_without_handlers(const struct arch *const *archs, size_t n, struct exec_job *jobs)
{
	auto_fd fs = -1;
	bool is_rooted;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	fs = fsopen("binfmt_misc", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fill(archs, n, jobs);
	return arena_run(jobs, n, &is_rooted, NULL);
}

static void ask_child(const struct arch *const *archs, size_t n, bool *ret_native)
{
	size_t size = ARCH_COUNT_MAX * sizeof(struct exec_job);
	struct exec_job *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid, got;
	int status;

	if (shared == MAP_FAILED)
		return;
	pid = fork();
	if (!pid)
		_exit(run_without_handlers(archs, n, shared) ? 1 : 0);
	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (pid > 0 && got == pid && WIFEXITED(status) && !WEXITSTATUS(status))
		for (size_t i = 0; i < n; i++)
			ret_native[i] = exec_is_good(&shared[i]);
	munmap(shared, size);
}

static int test(const struct arch *const *archs, size_t n, bool *ret_native, struct err *e)
{
	auto_free struct exec_job *jobs = mem_new(n ? n : 1, sizeof(*jobs));
	const struct arch *handled[ARCH_COUNT_MAX];
	size_t where[ARCH_COUNT_MAX], n_handled = 0;
	bool native[ARCH_COUNT_MAX] = { false };
	int r;

	r = trace(archs, n, jobs, e);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		ret_native[i] = jobs[i].taker == EXEC_ITSELF;
		/* Undecided: a handler takes it, ptrace is denied (EXEC_UNKNOWN), or an error other than ENOEXEC. */
		if (jobs[i].taker == EXEC_ITSELF || (jobs[i].taker == EXEC_NOBODY && jobs[i].error == ENOEXEC))
			continue;
		where[n_handled] = i;
		handled[n_handled++] = archs[i];
	}
	if (n_handled)
		ask_child(handled, n_handled, native);
	for (size_t i = 0; i < n_handled; i++)
		ret_native[where[i]] = native[i];
	return 0;
}

static bool is_of_family(const struct arch *arch)
{
	const char *host = arch_host()->family;

	return arch == arch_host() || (host && arch->family && !strcmp(host, arch->family));
}

int native_test(const struct arch *const *archs, size_t n, bool family_only, bool *ret_native, struct err *e)
{
	const struct arch *tried[ARCH_COUNT_MAX] = { NULL };
	size_t where[ARCH_COUNT_MAX] = { 0 }, n_tried = 0;
	bool native[ARCH_COUNT_MAX] = { false };
	int r;

	for (size_t i = 0; i < MIN_OF(n, (size_t)ARCH_COUNT_MAX); i++) {
		ret_native[i] = false;
		if (family_only && !is_of_family(archs[i]))
			continue;
		where[n_tried] = i;
		tried[n_tried++] = archs[i];
	}
	r = test(tried, n_tried, native, e);
	for (size_t i = 0; !r && i < n_tried; i++)
		ret_native[where[i]] = native[i];
	return r;
}

bool native_is_refused(const struct arch *arch)
{
	struct exec_job job;

	return !trace(&arch, 1, &job, NULL) && job.taker == EXEC_NOBODY && job.error == ENOEXEC;
}
