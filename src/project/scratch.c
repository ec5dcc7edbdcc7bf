// SPDX-License-Identifier: MIT
/* The temporary directory of a build. */
#include "project/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"

#define PREFIX "anyarch-build-"
/* A file in each such directory, locked by its run. Directories without it belong to others; it is removed last. */
#define MARK ".anyarch-build"

/* Removed by atexit(3), too, if memory runs out; there is one at a time. */
static char *made;
static int mark = -1;

/* The deepest path is docker/manifests/LIST/IMAGE. Another run may sweep a directory before its mark is locked. */
enum { DEPTH_MAX = 8, TRIES = 20 };

/* Uses getdents64, since opendir(3) allocates memory. */
static void empty(int dir, unsigned depth)
{
	char entries[4096] __attribute__((aligned(8)));
	long n;

	while ((n = syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0)
		for (long at = 0; at < n;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(entries + at);
			auto_fd below = -1;

			at += entry->d_reclen;
			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
				(!depth && !strcmp(entry->d_name, MARK)) || !unlinkat(dir, entry->d_name, 0))
				continue;
			below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below >= 0 && depth < DEPTH_MAX)
				empty(below, depth + 1);
			unlinkat(dir, entry->d_name, AT_REMOVEDIR);
		}
}

void scratch_remove(const char *path)
{
	auto_fd dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

	if (dir < 0)
		return;
	/* After memory ran out, another thread or process may still write there: retry. */
	for (int tries = 0; tries < 100; tries++) {
		empty(dir, 0);
		unlinkat(dir, MARK, 0);
		if (!rmdir(path) || errno != ENOTEMPTY)
			return;
		lseek(dir, 0, SEEK_SET);
	}
}

static void remove_made(void)
{
	scratch_remove(made);
}

/* Removes the directories that killed runs of this user left: no process locks their marks. */
static void sweep(const char *dir)
{
	auto_fd at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir list = at < 0 ? NULL : fd_list_at(at, ".");
	const struct dirent *entry;

	while (list && (entry = fd_next(list))) {
		auto_fd one = -1, locked = -1;
		struct stat st;

		if (!str_starts(entry->d_name, PREFIX))
			continue;
		one = openat(at, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (one < 0 || fstat(one, &st) < 0 || st.st_uid != geteuid())
			continue;
		locked = fd_open_regular(one, MARK, O_NOFOLLOW);
		if (locked < 0 || flock(locked, LOCK_EX | LOCK_NB) < 0)
			continue;
		empty(one, 0);
		unlinkat(one, MARK, 0);
		unlinkat(at, entry->d_name, AT_REMOVEDIR);
	}
}

/* Whether the mark of the directory is locked by this run. */
static bool has_mark(const char *path)
{
	auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	cleanup_fd(&mark);
	mark = dir < 0 ? -1 : openat(dir, MARK, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* A file system without locks: no run sweeps there. */
	return mark >= 0 && (!flock(mark, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK) && !fstat(mark, &st) &&
	       st.st_nlink;
}

char *scratch_make(const char *dir, bool dry, struct err *e)
{
	int code = 0;

	if (strchr(dir, ':')) {
		err_set(e, -EINVAL, "TMPDIR is %s, and engines accept no path with ':' in it", dir);
		err_hint(e, "TMPDIR=/var/tmp anyarch build");
		return NULL;
	}
	if (!dry) {
		sweep(dir);
		atexit(remove_made);
	}
	for (int tries = 0; tries < TRIES; tries++) {
		char *path = mem_print("%s/" PREFIX "XXXXXX", dir);

		free(made);
		made = path;
		code = dry || mkdtemp(made) ? 0 : errno;
		if (code)
			break;
		if (dry || has_mark(made))
			return mem_text(made);
		code = errno;
		scratch_remove(made);
	}
	free(made);
	made = NULL;
	err_sys(e, -code, "cannot create a temporary directory in %s", dir);
	return NULL;
}
