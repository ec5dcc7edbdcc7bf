// SPDX-License-Identifier: MIT
/* A directory of ours for what is only needed meanwhile. */
#include "project/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/defs.h"

/* docker/manifests/LIST/IMAGE is the deepest that anybody makes in it. */
enum { DEPTH_MAX = 8 };

char *scratch_make(const char *dir, bool dry, struct err *e)
{
	char *path;

	if (strchr(dir, ':')) {
		err_set(e, -EINVAL, "TMPDIR is %s, and engines take no path with ':' in it", dir);
		err_hint(e, "TMPDIR=/var/tmp anyarch build");
		return NULL;
	}
	if (asprintf(&path, "%s/anyarch-build-XXXXXX", dir) < 0) {
		err_sys(e, -ENOMEM, "cannot make a temporary directory");
		return NULL;
	}
	if (dry || mkdtemp(path))
		return path;
	err_sys(e, -errno, "cannot make a temporary directory in %s", dir);
	free(path);
	return NULL;
}

/* opendir(3) would need memory, and there may be none: that may be why it is removed. */
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
	empty(dir, 0);
	rmdir(path);
}
