// SPDX-License-Identifier: MIT
/* The temporary directory of a build. */
#include "project/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"

/* Removed by atexit(3), too, if memory runs out; there is one at a time. */
static char *made;

/* The deepest path is docker/manifests/LIST/IMAGE. */
enum { DEPTH_MAX = 8 };

static void remove_made(void)
{
	scratch_remove(made);
}

char *scratch_make(const char *dir, bool dry, struct err *e)
{
	if (strchr(dir, ':')) {
		err_set(e, -EINVAL, "TMPDIR is %s, and engines accept no path with ':' in it", dir);
		err_hint(e, "TMPDIR=/var/tmp anyarch build");
		return NULL;
	}
	free(made);
	made = mem_print("%s/anyarch-build-XXXXXX", dir);
	if (dry)
		return mem_text(made);
	atexit(remove_made);
	if (mkdtemp(made))
		return mem_text(made);
	err_sys(e, -errno, "cannot create a temporary directory in %s", dir);
	return NULL;
}

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
				!unlinkat(dir, entry->d_name, 0))
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
		if (!rmdir(path) || errno != ENOTEMPTY)
			return;
		lseek(dir, 0, SEEK_SET);
	}
}
