// SPDX-License-Identifier: MIT
/*
 * Somebody who owns a root file system and swaps its directories for links that lead out, as fast as he can, while
 * a watch on the place that they lead to counts whatever is changed there.
 *
 * usage: racer SECONDS ROOT OUTSIDE NAME     two processes do it, each prints "SWAPS EVENTS"
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WATCHED = IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/*
 * Only single names below open directories, so that the racer himself is never led out. Both may be absent for a
 * moment: inject and eject make and remove them.
 */
static unsigned long swap(int a_dir, const char *a, int b_dir, const char *b)
{
	return renameat2(a_dir, a, b_dir, b, RENAME_EXCHANGE) == 0;
}

static int open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

static unsigned long drain(int watch)
{
	char events[4096] __attribute__((aligned(8)));
	unsigned long n = 0;
	ssize_t len;

	while ((len = read(watch, events, sizeof(events))) > 0)
		for (char *p = events; p < events + len;) {
			const struct inotify_event *event = (const struct inotify_event *)p;

			/* The last close of a file that was removed before the watch began is no change. */
			n += event->mask & (WATCHED | IN_Q_OVERFLOW) ? 1 : 0;
			p += sizeof(*event) + event->len;
		}
	return n;
}

static void make_link(int dir, const char *to, const char *name)
{
	if (symlinkat(to, dir, name) < 0 && errno != EEXIST)
		die(name);
}

int main(int argc, char **argv)
{
	int root, usr, bin, watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	unsigned long swaps = 0, events = 0;
	char text[PATH_MAX], final[PATH_MAX];
	time_t end;

	if (argc != 5 || watch < 0)
		return 2;
	root = open_dir(AT_FDCWD, argv[2]);
	usr = open_dir(root, "usr");
	bin = open_dir(usr, "bin");
	snprintf(text, sizeof(text), "%s/bin", argv[3]);
	snprintf(final, sizeof(final), "%s/bin/%s", argv[3], argv[4]);
	if (inotify_add_watch(watch, argv[3], WATCHED) < 0 || inotify_add_watch(watch, text, WATCHED) < 0)
		die(argv[3]);
	make_link(usr, text, "swap");
	make_link(usr, "../../../../../../../../../../proc/self/root/tmp", "up");
	make_link(root, argv[3], "swap");
	make_link(root, final, "final");
	mkdirat(usr, "other", 0755);
	/* Only now: what a racer opens must not be swapped yet. */
	if (fork() < 0)
		die("fork");
	for (end = time(NULL) + atoi(argv[1]); time(NULL) < end; events += drain(watch))
		for (int i = 0; i < 100; i++) {
			swaps += swap(usr, "bin", usr, "swap") + swap(bin, argv[4], root, "final");
			swaps += swap(root, "usr", root, "swap") + swap(root, "usr", root, "swap");
			swaps += swap(usr, "bin", usr, "swap") + swap(usr, "bin", usr, "up");
			swaps += swap(usr, "bin", usr, "up") + swap(usr, "bin", usr, "other");
			swaps += swap(usr, "bin", usr, "other") + swap(bin, argv[4], root, "final");
		}
	events += drain(watch);
	printf("%lu %lu\n", swaps, events);
	fflush(stdout);
	while (wait(NULL) > 0)
		;
	return 0;
}
