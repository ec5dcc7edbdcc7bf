// SPDX-License-Identifier: MIT
/*
 * Times commands against each other: each round runs every command once, in an order that changes, each
 * in a fresh user and mount namespace made before the clock starts. Prints medians, peak memory, ratios.
 *
 * usage: timeit ROUNDS -- NAME COMMAND... [-- NAME COMMAND...]...     (the last one is the reference)
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 8, ROUNDS_MAX = 2000 };

struct command {
	const char *name;
	char **argv;
	double *ms;
	long peak_kb;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* In a process of its own: namespaces, then the command timed from fork to exit. */
static void run_in_namespace(const struct command *c, int report)
{
	struct rusage usage;
	char map[64];
	double result[2];
	int status;
	pid_t pid;

	snprintf(map, sizeof(map), "0 %u 1", getuid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		die("unshare");
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/gid_map", map);
	result[0] = now_ms();
	pid = vfork();
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		if (!getenv("TIMEIT_VERBOSE"))
			dup2(null, 2);
		execv(c->argv[0], c->argv);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) < 0)
		die("wait4");
	result[0] = now_ms() - result[0];
	result[1] = (double)usage.ru_maxrss;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "%s: status %d\n", c->name, status);
		exit(1);
	}
	if (write(report, result, sizeof(result)) != sizeof(result))
		die("write");
	exit(0);
}

static void run_once(struct command *c, int round)
{
	double result[2];
	int pair[2], status;
	pid_t pid;

	if (pipe(pair) < 0)
		die("pipe");
	pid = fork();
	if (!pid)
		run_in_namespace(c, pair[1]);
	if (waitpid(pid, &status, 0) < 0 || status)
		exit(1);
	if (read(pair[0], result, sizeof(result)) != sizeof(result))
		die("read");
	close(pair[0]);
	close(pair[1]);
	c->ms[round] = result[0];
	if ((long)result[1] > c->peak_kb)
		c->peak_kb = (long)result[1];
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int split(int argc, char **argv, struct command *commands)
{
	int n = 0;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		argv[i] = NULL;
		if (n == COMMANDS_MAX || i + 2 >= argc)
			return -1;
		commands[n++] = (struct command){ .name = argv[i + 1], .argv = argv + i + 2 };
	}
	return n;
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX];
	int rounds = argc > 2 ? atoi(argv[1]) : 0, n = split(argc, argv, commands);

	if (rounds < 1 || rounds > ROUNDS_MAX || n < 1) {
		fprintf(stderr, "usage: timeit ROUNDS -- NAME COMMAND... [-- NAME COMMAND...]...\n");
		return 2;
	}
	for (int i = 0; i < n; i++) {
		commands[i].ms = calloc((size_t)rounds, sizeof(double));
		if (!commands[i].ms)
			die("calloc");
	}
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < n; i++)
			run_once(&commands[(i + r) % n], r);
	for (int i = 0; i < n; i++)
		qsort(commands[i].ms, (size_t)rounds, sizeof(double), by_value);
	for (int i = 0; i < n; i++)
		printf("%-44s median %8.2f ms  best %8.2f ms  peak %6ld KiB  ratio %5.2f\n", commands[i].name,
			commands[i].ms[rounds / 2], commands[i].ms[0], commands[i].peak_kb,
			commands[i].ms[rounds / 2] / commands[n - 1].ms[rounds / 2]);
	return 0;
}
