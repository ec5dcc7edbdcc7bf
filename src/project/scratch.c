// SPDX-License-Identifier: MIT
/* A directory of ours for what is only needed meanwhile. */
#include "project/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"

/* There is one at a time: removed also where the program ends without memory. */
static char *made;

/* docker/manifests/LIST/IMAGE is the deepest that anybody makes in it. */
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

/* opendir(3) would need memory, and there may be none. */
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
	/* Where the program ends without memory, somebody may still be writing there. */
	for (int tries = 0; tries < 100; tries++) {
		empty(dir, 0);
		if (!rmdir(path) || errno != ENOTEMPTY)
			return;
		lseek(dir, 0, SEEK_SET);
	}
}
