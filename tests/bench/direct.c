// SPDX-License-Identifier: MIT
/*
 * The least that proving can cost: the probes that register runs, each under its emulator directly, side
 * by side on the cores there are.
 *
 * usage: direct DIR EMULATORDIR SUFFIX    (DIR: an empty directory for the probes)
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/probe.h"
#include "base/fdio.h"

static int write_probe(const char *dir, const struct arch *arch, size_t match, char *path, size_t size)
{
	struct probe probe = probe_build(arch, match, NULL);
	auto_fd fd = -1;

	snprintf(path, size, "%s/%s-%zu", dir, arch->qemu, match);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	return fd < 0 ? -errno : fd_write(fd, probe.data, probe.size);
}

static pid_t start(const char *emulator, char *probe)
{
	char *argv[PROBE_ARGC + 2], *envp[] = { NULL }, name[] = "qemu", arg[] = "-";
	pid_t pid = fork();

	if (pid)
		return pid;
	argv[0] = name;
	argv[1] = probe;
	for (int i = 2; i < PROBE_ARGC + 1; i++)
		argv[i] = arg;
	argv[PROBE_ARGC + 1] = NULL;
	execve(emulator, argv, envp);
	_exit(127);
}

static int reap(int *failed)
{
	int status;

	if (wait(&status) < 0)
		return -1;
	*failed += !WIFEXITED(status) || WEXITSTATUS(status) != PROBE_ARGC;
	return 0;
}

int main(int argc, char **argv)
{
	long width = sysconf(_SC_NPROCESSORS_ONLN), running = 0;
	int failed = 0;

	if (argc != 4)
		return 2;
	for (const struct arch *a = NULL; (a = arch_next(a));)
		for (size_t m = 0; m < ARCH_MATCHES_MAX && a->match[m].handler; m++) {
			char emulator[512], probe[512];

			snprintf(emulator, sizeof(emulator), "%s/qemu-%s%s", argv[2], a->qemu, argv[3]);
			if (a->bits == arch_host()->bits && a == arch_host())
				continue;
			if (a == arch_by_qemu("i386") || access(emulator, X_OK) ||
				write_probe(argv[1], a, m, probe, sizeof(probe)))
				continue;
			if (running == width && !reap(&failed))
				running--;
			start(emulator, probe);
			running++;
		}
	while (running-- && !reap(&failed))
		;
	return failed ? 1 : 0;
}
