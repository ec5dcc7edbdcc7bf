// SPDX-License-Identifier: MIT
/* Queries of the mount table; the only file that uses libmount. */
#include "binfmt/mounts.h"

#include <libmount.h>
#include <string.h>

#include "base/memory.h"

static struct libmnt_table *mountinfo(void)
{
	struct libmnt_table *table = mnt_new_table();

	if (!table || mnt_table_parse_file(table, "/proc/self/mountinfo") == -ENOMEM)
		mem_exhausted();
	return table;
}

char *mounts_find_binfmt(void)
{
	struct libmnt_table *table = mountinfo();
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *fs;
	char *found = NULL;

	if (!iter)
		mem_exhausted();
	while (!found && !mnt_table_next_fs(table, iter, &fs))
		if (mnt_fs_match_fstype(fs, "binfmt_misc") && mnt_fs_get_target(fs))
			found = mem_text(mnt_fs_get_target(fs));
	mnt_free_iter(iter);
	mnt_unref_table(table);
	return found;
}

bool mounts_root_is_whole(void)
{
	struct libmnt_table *table = mountinfo();
	struct libmnt_fs *fs = mnt_table_find_target(table, "/", MNT_ITER_BACKWARD);
	const char *inner = fs ? mnt_fs_get_root(fs) : NULL;
	bool is_whole = inner && !strcmp(inner, "/");

	mnt_unref_table(table);
	return is_whole;
}
