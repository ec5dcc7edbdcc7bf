// SPDX-License-Identifier: MIT
/* A file that takes its name when it is whole. */
#include "base/newfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/str.h"

int newfile_open(const char *path, struct newfile *ret, struct err *e)
{
	auto_newfile file = { .fd = -1, .dir = -1, .name = str_basename(path) };
	auto_free char *dir = mem_part(path, (size_t)(file.name - path));
	struct stat st;

	if (!dir || asprintf(&file.temporary, ".%s.anyarch-new", file.name) < 0) {
		file.temporary = NULL;
		return err_sys(e, -ENOMEM, "%s", path);
	}
	/* To take the name of /dev/null would be the end of it. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return err_set(e, -EEXIST, "%s: something that is no file stands there", path);
	file.dir = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file.fd = file.dir < 0 ? -errno : fd_create_temporary(file.dir, file.temporary);
	if (file.fd < 0)
		return err_sys(e, file.fd, "cannot write %s", path);
	*ret = file;
	file = (struct newfile)NEWFILE_INIT;
	return 0;
}

int newfile_commit(struct newfile *file, mode_t mode, struct err *e)
{
	if (fchmod(file->fd, mode) < 0 || fsync(file->fd) < 0 ||
		renameat(file->dir, file->temporary, file->dir, file->name) < 0) {
		err_sys(e, -errno, "cannot write %s", file->name);
		return e ? e->code = -EIO : -EIO;
	}
	free(take_ptr(&file->temporary));
	if (fsync(file->dir) == 0)
		return 0;
	err_sys(e, -errno, "cannot write %s", file->name);
	return e ? e->code = -EIO : -EIO;
}

void newfile_done(struct newfile *file)
{
	if (file->temporary && file->fd >= 0)
		unlinkat(file->dir, file->temporary, 0);
	free(file->temporary);
	cleanup_fd(&file->fd);
	cleanup_fd(&file->dir);
	*file = (struct newfile)NEWFILE_INIT;
}

mode_t newfile_usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}
