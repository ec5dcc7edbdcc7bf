// SPDX-License-Identifier: MIT
/* Files of a project: read only inside its directory, replaced atomically. */
#include "project/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/newfile.h"
#include "rootfs/beneath.h"

const char *const file_words[] = { "created", "replaced", "unchanged", "kept" };

enum files_there files_look(int dir, const char *name, mode_t *ret_mode)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return FILES_NOTHING;
	if (ret_mode)
		*ret_mode = st.st_mode & 0777;
	return S_ISREG(st.st_mode) ? FILES_REGULAR : S_ISLNK(st.st_mode) ? FILES_LINK : FILES_OTHER;
}

int files_read(int dir, const char *path, size_t limit, struct buf *out, struct err *e)
{
	auto_fd fd = fd_reopen_regular(beneath_open(dir, path, O_PATH));
	int r = fd < 0 ? fd : fd_read_all(fd, limit, out);

	if (fd == -ENOENT && files_look(dir, path, NULL) == FILES_LINK) {
		err_set(e, -EXDEV, "%s: a link to nothing inside the project", path);
		return err_hint(e, "replace the link by the file: links are followed inside the project only");
	}
	if (fd == -EBADMSG)
		return err_set(e, r, "%s: not a regular file", path);
	if (r == -E2BIG)
		return err_set(e, r, "%s: more than %zu bytes", path, limit);
	return r ? err_sys(e, r, "%s", path) : 0;
}

int files_write(int dir, const struct file *file, struct err *e)
{
	auto_newfile out = NEWFILE_INIT;
	int r;

	if (file->result == FILE_UNCHANGED || file->result == FILE_KEPT)
		return 0;
	r = newfile_open_at(dir, file->name, file->result == FILE_CREATED ? NEWFILE_IS_NEW : NEWFILE_REPLACES, &out, e);
	return r ? r : newfile_commit_text(&out, &file->text, file->mode, e);
}

void files_done(struct file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(files[i].name);
		buf_done(&files[i].text);
	}
}
