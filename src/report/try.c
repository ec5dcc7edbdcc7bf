// SPDX-License-Identifier: MIT
/* Asking this machine: the smallest program of an architecture, started as any other would be. */
#include "report/try.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/probe.h"
#include "base/fdio.h"

enum { TRY_SECONDS = 5 };

bool try_probe(const struct arch *arch, char **environment)
{
	const struct probe probe = probe_build(arch, 0, NULL);
	char *arguments[PROBE_ARGC + 1] = { NULL };
	char path[32];
	auto_fd writable = memfd_create("probe", MFD_CLOEXEC), fd = -1;
	int status = -1;
	pid_t pid;

	if (writable < 0 || write(writable, probe.data, probe.size) != (ssize_t)probe.size)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", writable);
	fd = open(path, O_RDONLY); /* not O_CLOEXEC: a handler without F opens it by its path */
	cleanup_fd(&writable);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t i = 0; i < PROBE_ARGC; i++)
		arguments[i] = path;
	pid = fd < 0 ? -1 : fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		alarm(TRY_SECONDS);
		execve(path, arguments, environment);
		_exit(EXIT_FAILURE);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) == PROBE_ARGC;
}
