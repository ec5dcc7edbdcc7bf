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

/* name is what it is called in its directory, path what it is called when something is wrong with it. */
static int open_in(int dir, const char *name, const char *path, struct newfile *ret, struct err *e)
{
	auto_newfile file = { .fd = -1, .dir = dir, .name = name };
	struct stat st;

	file.temporary = mem_print(".%s.anyarch-new", name);
	/* To take the name of /dev/null would be the end of it. */
	if (file.dir >= 0 && !fstatat(file.dir, name, &st, 0) && !S_ISREG(st.st_mode))
		return err_set(e, -EEXIST, "%s: something that is no file stands there", path);
	file.fd = file.dir < 0 ? file.dir : fd_create_temporary(file.dir, file.temporary);
	if (file.fd < 0)
		return err_sys(e, file.fd, "cannot write %s", path);
	*ret = file;
	file = (struct newfile)NEWFILE_INIT;
	return 0;
}

int newfile_open(const char *path, struct newfile *ret, struct err *e)
{
	const char *name = str_basename(path);
	auto_free char *dir = mem_part(path, (size_t)(name - path));
	int fd;

	fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return open_in(fd < 0 ? -errno : fd, name, path, ret, e);
}

int newfile_open_at(int dir, const char *name, struct newfile *ret, struct err *e)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return open_in(fd < 0 ? -errno : fd, name, name, ret, e);
}

/* renameat2() that replaces nothing, or a second link where the file system has no such call. */
static int rename_to_new(const struct newfile *file)
{
	if (!renameat2(file->dir, file->temporary, file->dir, file->name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return linkat(file->dir, file->temporary, file->dir, file->name, 0) < 0
		       ? -1
		       : unlinkat(file->dir, file->temporary, 0);
}

static int commit(struct newfile *file, mode_t mode, bool replaces, struct err *e)
{
	int r = fchmod(file->fd, mode) < 0 || fsync(file->fd) < 0 ? -1 : 0;

	if (!r)
		r = replaces ? renameat(file->dir, file->temporary, file->dir, file->name) : rename_to_new(file);
	if (r && errno == EEXIST && !replaces)
		return err_set(e, -EEXIST, "%s: something of that name is there by now", file->name);
	if (!r)
		free(take_ptr(&file->temporary));
	if (!r && fsync(file->dir) == 0)
		return 0;
	err_sys(e, -errno, "cannot write %s", file->name);
	return e ? e->code = -EIO : -EIO;
}

int newfile_commit(struct newfile *file, mode_t mode, struct err *e)
{
	return commit(file, mode, true, e);
}

int newfile_commit_new(struct newfile *file, mode_t mode, struct err *e)
{
	return commit(file, mode, false, e);
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
