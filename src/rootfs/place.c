// SPDX-License-Identifier: MIT
/* The path of an emulator inside a root: an open directory and a name in it, and the files beside the emulator. */
#include "rootfs/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "rootfs/beneath.h"

enum { RECORD_MAX = 4096 };

int place_open(int root, const char *at, bool make, struct place *ret, struct err *e)
{
	struct beneath_made made = { 0 };
	struct place place = { .dir = -1 };
	const char *slash = strrchr(at, '/');
	char path[BENEATH_PATH_MAX];
	struct stat st;
	int r;

	if (*at != '/' || !slash[1] || strlen(at) >= sizeof(path) || strlen(slash + 1) > NAME_MAX - 16 ||
		!strcmp(slash + 1, ".") || !strcmp(slash + 1, ".."))
		return err_set(e, -EBADMSG, "'%s' is not a path for a file: it must be absolute", at);
	snprintf(path, sizeof(path), "%.*s", (int)(slash - at), at);
	snprintf(place.name, sizeof(place.name), "%s", slash + 1);
	place.dir = beneath_open(root, path, O_RDONLY | O_DIRECTORY);
	if (place.dir == -ENOENT && make)
		place.dir = beneath_make_dirs(root, path, BENEATH_DIRS_MAX, &made);
	if (place.dir < 0) {
		r = place.dir;
		if (r == -ENOENT && !make)
			return r;
		err_sys(e, r, "%s: its directory cannot be reached inside the root", at);
		if (e && (r == -ENOTDIR || r == -ELOOP || r == -EAGAIN))
			e->code = r = -EBADMSG;
		return r;
	}
	place.made = made.n;
	place.time = made.time;
	if (!made.n && !fstat(place.dir, &st))
		place.time = st.st_mtim;
	*ret = place;
	return 0;
}

void place_done(struct place *place)
{
	cleanup_fd(&place->dir);
	*place = (struct place){ .dir = -1 };
}

void place_remove_dirs(struct place *place, int root, const char *at, unsigned n, const struct timespec *time)
{
	char path[BENEATH_PATH_MAX];

	snprintf(path, sizeof(path), "%.*s", (int)(strrchr(at, '/') - at), at);
	cleanup_fd(&place->dir);
	place->dir = -1;
	beneath_remove_dirs(root, path, n, time);
}

int place_restore(const struct place *place)
{
	char was[NAME_MAX + 1];
	int r = record_name(place->name, PLACE_BACKUP, was);

	if (r)
		return r;
	return renameat(place->dir, was, place->dir, place->name) < 0 ? -errno : 0;
}

int place_lock(const struct place *place, const char *at, struct err *e)
{
	if (!flock(place->dir, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
		return 0; /* the file system does not support locks: continue without */
	return err_set(e, -EBUSY, "%s: another process is changing it", at);
}

int place_read_record(const struct place *place, struct record *ret)
{
	char name[NAME_MAX + 1];
	auto_buf text = { 0 };
	auto_fd fd = -1;
	struct stat st;
	int r = record_name(place->name, PLACE_RECORD, name);

	if (r)
		return r;
	fd = openat(place->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EBADMSG;
	r = fd_read_all(fd, RECORD_MAX, &text);
	if (r)
		return r == -E2BIG ? -EBADMSG : r;
	return record_parse(buf_text(&text), ret);
}

enum place_backup place_backup(const struct place *place)
{
	char name[NAME_MAX + 1];
	struct stat backup, file;

	if (record_name(place->name, PLACE_BACKUP, name) || fstatat(place->dir, name, &backup, AT_SYMLINK_NOFOLLOW) < 0)
		return BACKUP_NONE;
	if (!fstatat(place->dir, place->name, &file, AT_SYMLINK_NOFOLLOW) && file.st_dev == backup.st_dev &&
		file.st_ino == backup.st_ino)
		return BACKUP_IS_FILE;
	return BACKUP_OTHER;
}

int place_is_ours(const struct place *place, const struct record *record)
{
	auto_fd fd = fd_open_regular(place->dir, place->name, O_NOFOLLOW);
	char own[DIGEST_TEXT];
	int r;

	if (fd < 0)
		return fd == -EBADMSG || fd == -ELOOP ? 0 : fd;
	r = digest_file(fd, own);
	if (r == -E2BIG)
		return 0;
	return r ? r : !strcmp(own, record->digest) || !strcmp(own, record->also);
}

int place_remove(const struct place *place, const char *suffix)
{
	char name[NAME_MAX + 1];
	int r = record_name(place->name, suffix, name);

	if (r)
		return r;
	return unlinkat(place->dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}
