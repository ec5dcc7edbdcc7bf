// SPDX-License-Identifier: MIT
/* THE writer of files: a file gets its name atomically, once it is complete and on the disk. */
#include "base/newfile.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/kernel.h"
#include "base/memory.h"
#include "base/str.h"

#define PREFIX ".anyarch-new-"

/* Another process may sweep a name that was just created: try so many other names. */
enum { DIGITS = 16, TRIES = 20 };

static int draw_name(char ret[sizeof((struct newfile){ 0 }.temporary)])
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -errno;
	snprintf(ret, sizeof((struct newfile){ 0 }.temporary), PREFIX "%016" PRIx64, number);
	return 0;
}

void newfile_sweep(int dir)
{
	auto_dir list = fd_list_at(dir, ".");
	const struct dirent *entry;

	while (list && (entry = fd_next(list))) {
		const char *digits = entry->d_name + strlen(PREFIX);
		auto_fd file = -1;

		if (!str_starts(entry->d_name, PREFIX) || strlen(digits) != DIGITS ||
			strspn(digits, "0123456789abcdef") != DIGITS)
			continue;
		file = fd_open_regular(dir, entry->d_name, O_NOFOLLOW);
		if (file >= 0 && !flock(file, LOCK_EX | LOCK_NB))
			unlinkat(dir, entry->d_name, 0);
	}
}

/* A sweeping process may lock the new file first: then its name is removed, so try another. */
static int create_named(struct newfile *file)
{
	for (int tries = 0; tries < TRIES; tries++) {
		auto_fd fd = -1;
		struct stat st;
		int r = draw_name(file->temporary);

		if (r)
			return r;
		fd = openat(file->dir, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return -errno;
		if (fd < 0 || (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK))
			continue;
		if (!fstat(fd, &st) && st.st_nlink)
			return take_fd(&fd);
	}
	return -EBUSY;
}

/* path is for messages; file->name is the name in its directory. */
static int create(struct newfile *file, const char *path, struct err *e)
{
	bool is_new = file->over == NEWFILE_IS_NEW;
	struct stat st;

	if (file->dir >= 0 && !fstatat(file->dir, file->name, &st, is_new ? AT_SYMLINK_NOFOLLOW : 0)) {
		/* Replacing /dev/null would destroy it. */
		if (!S_ISREG(st.st_mode))
			return err_set(e, -EEXIST, "%s: not a regular file", path);
		if (is_new) {
			err_set(e, -EEXIST, "%s already exists", path);
			return err_hint(e, "--force replaces it");
		}
	}
	newfile_sweep(file->dir);
	if (file->dir < 0) {
		file->fd = file->dir;
	} else {
		/* Without a name, and locked before it has one. Naming it later needs /proc. */
		file->fd = access("/proc/self/fd", X_OK) < 0
				   ? -1
				   : openat(file->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
		if (file->fd < 0)
			file->fd = create_named(file);
		else
			flock(file->fd, LOCK_EX | LOCK_NB);
	}
	return file->fd < 0 ? err_sys(e, file->fd, "cannot write %s", path) : 0;
}

static int open_in(struct newfile file, const char *path, struct newfile *ret, struct err *e)
{
	int r = create(&file, path, e);

	if (r)
		newfile_done(&file);
	else
		*ret = file;
	return r;
}

int newfile_open(const char *path, enum newfile_over over, struct newfile *ret, struct err *e)
{
	const char *name = str_basename(path);
	auto_free char *dir = mem_part(path, (size_t)(name - path));
	int fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return open_in(
		(struct newfile){ .fd = -1, .dir = fd < 0 ? -errno : fd, .over = over, .name = name }, path, ret, e);
}

int newfile_open_at(int dir, const char *name, enum newfile_over over, struct newfile *ret, struct err *e)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return open_in(
		(struct newfile){ .fd = -1, .dir = fd < 0 ? -errno : fd, .over = over, .name = name }, name, ret, e);
}

static int link_nameless(const struct newfile *file, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, path, file->dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* linkat(2) does not replace a name, so replacing needs a temporary name and a rename. 0 or -errno. */
static int take_name(struct newfile *file)
{
	int r = *file->temporary ? -EEXIST : link_nameless(file, file->name);

	if (!*file->temporary && (r != -EEXIST || file->over == NEWFILE_IS_NEW))
		return r;
	for (int tries = 0; !*file->temporary && tries < TRIES; tries++) {
		char name[sizeof(file->temporary)];

		r = draw_name(name);
		r = r ? r : link_nameless(file, name);
		if (r && r != -EEXIST)
			return r;
		if (!r)
			memcpy(file->temporary, name, sizeof(name));
	}
	r = renameat2(file->dir, file->temporary, file->dir, file->name,
		    file->over == NEWFILE_IS_NEW ? RENAME_NOREPLACE : 0) < 0
		    ? -errno
		    : 0;
	/* If the file system has no RENAME_NOREPLACE: a second link, which replaces nothing. */
	if ((r == -EINVAL || r == -ENOSYS) && file->over == NEWFILE_IS_NEW)
		r = linkat(file->dir, file->temporary, file->dir, file->name, 0) < 0 ||
				    unlinkat(file->dir, file->temporary, 0) < 0
			    ? -errno
			    : 0;
	if (!r)
		*file->temporary = '\0';
	return r;
}

/* Maps all errors to EIO: EXDEV, for example, means elsewhere that a path left its root. */
static int disk_failed(const struct newfile *file, int code, struct err *e)
{
	err_sys(e, code, "cannot write %s", file->name);
	return e ? e->code = -EIO : -EIO;
}

int newfile_commit(struct newfile *file, mode_t mode, struct err *e)
{
	int r = fchmod(file->fd, mode) < 0 || fsync(file->fd) < 0 ? -errno : take_name(file);

	if (r == -EEXIST && file->over == NEWFILE_IS_NEW) {
		err_set(e, r, "%s already exists: another process has created it meanwhile", file->name);
		return err_hint(e, "--force replaces it");
	}
	if (r)
		return disk_failed(file, r, e);
	flock(file->fd, LOCK_UN);
	return fsync(file->dir) < 0 ? disk_failed(file, -errno, e) : 0;
}

int newfile_commit_text(struct newfile *file, const struct buf *text, mode_t mode, struct err *e)
{
	int r;

	if (!buf_ok(text))
		return err_set(e, -E2BIG, "%s: too large", file->name);
	r = fd_write(file->fd, buf_text(text), text->len);
	return r ? disk_failed(file, r, e) : newfile_commit(file, mode, e);
}

void newfile_done(struct newfile *file)
{
	if (*file->temporary && file->fd >= 0)
		unlinkat(file->dir, file->temporary, 0);
	cleanup_fd(&file->fd);
	cleanup_fd(&file->dir);
	*file = (struct newfile)NEWFILE_INIT;
}

mode_t newfile_usual_mode(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* another thread could read the 0 */
	mode_t mask;

	pthread_mutex_lock(&lock);
	mask = umask(0);

	umask(mask);
	pthread_mutex_unlock(&lock);
	return 0666 & ~mask;
}
