// SPDX-License-Identifier: MIT
/* Runs the smallest program of an architecture on this machine, as any other program would be started. */
#include "report/try.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binfmt/arena.h"

enum { TRY_SECONDS = 5 };

bool try_probe(const struct arch *arch, char **environment)
{
	const struct exec_job job = { .probe = probe_build(arch, 0, NULL) };
	char *arguments[PROBE_ARGC + 1] = { NULL };
	char path[32];
	int status = -1, *fd = stage_make_memfds(&job, 1, NULL); /* not close-on-exec: a handler without F opens it */
	pid_t pid;

	if (!fd)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	for (size_t i = 0; i < PROBE_ARGC; i++)
		arguments[i] = path;
	pid = fork();
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
	stage_close_memfds(fd, 1);
	return WIFEXITED(status) && WEXITSTATUS(status) == PROBE_ARGC;
}
