// SPDX-License-Identifier: MIT
/* Putting an emulator into a root file system that nobody trusts. */
#include "rootfs/inject.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/str.h"
#include "rootfs/beneath.h"
#include "rootfs/place.h"
#include "rootfs/record.h"

const char *const inject_words[] = { "injected", "replaced", "unchanged", "removed", "absent" };

enum { RECORD_MAX = 4096 };

int place_open(int root, const char *at, bool make, struct place *ret, struct err *e)
{
	struct beneath_made made = { 0 };
	struct place place = { .dir = -1 };
	const char *slash = strrchr(at, '/');
	char path[INJECT_PATH_MAX];
	struct stat st;
	int r;

	if (*at != '/' || !slash[1] || strlen(at) >= sizeof(path) || strlen(slash + 1) > NAME_MAX - 16 ||
		!strcmp(slash + 1, ".") || !strcmp(slash + 1, ".."))
		return err_set(e, -EBADMSG, "'%s' is no place for a file: it must be an absolute path", at);
	snprintf(path, sizeof(path), "%.*s", (int)(slash - at), at);
	snprintf(place.name, sizeof(place.name), "%s", slash + 1);
	place.dir = beneath_open(root, path, O_RDONLY | O_DIRECTORY);
	if (place.dir == -ENOENT && make)
		place.dir = beneath_make_dirs(root, path, INJECT_DIRS_MAX, &made);
	if (place.dir < 0) {
		r = place.dir;
		if (r == -ENOENT)
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

/* What stands at the place now. */
enum there { THERE_NOTHING, THERE_SAME, THERE_OTHER, THERE_UNFIT };

static enum there look(const struct place *place, const struct emulator *emulator)
{
	auto_fd fd = -1;
	struct stat st;

	if (fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? THERE_NOTHING : THERE_UNFIT;
	if (S_ISLNK(st.st_mode))
		return THERE_OTHER;
	if (!S_ISREG(st.st_mode))
		return THERE_UNFIT;
	fd = openat(place->dir, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && (st.st_mode & 07777) == 0755 && fd_same_content(fd, emulator->fd) == 1)
		return THERE_SAME;
	return THERE_OTHER;
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

/* A clone where the file system can, else a copy in the kernel. */
static int copy_content(int from, int to)
{
	struct stat st;
	off_t done = 0;

	if (!ioctl(to, FICLONE, from))
		return 0;
	if (fstat(from, &st) < 0)
		return -errno;
	while (done < st.st_size) {
		ssize_t n = copy_file_range(from, &done, to, NULL, (size_t)(st.st_size - done), 0);

		if (n < 0 && (errno == EINVAL || errno == EXDEV || errno == ENOSYS || errno == EPERM ||
				     errno == EOPNOTSUPP))
			return fd_copy(from, to);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			break;
	}
	return 0;
}

static int set_attributes(int fd, const struct inject_request *request)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(request->emulator->fd, &st) < 0)
		return -errno;
	times[0] = times[1] = st.st_mtim;
	if (request->has_epoch && times[1].tv_sec >= request->epoch)
		times[0] = times[1] = (struct timespec){ .tv_sec = (time_t)request->epoch };
	if (geteuid() == 0 && fchown(fd, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
		return -errno;
	return fchmod(fd, 0755) < 0 || futimens(fd, times) < 0 ? -errno : 0;
}

static int write_emulator(const struct place *place, const char *temporary,
	const struct inject_request *request)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, r;
	auto_fd fd = openat(place->dir, temporary, flags, 0600);

	if (fd < 0 && errno == EEXIST && !unlinkat(place->dir, temporary, 0))
		fd = openat(place->dir, temporary, flags, 0600); /* of a run that was killed */
	if (fd < 0)
		return -errno;
	r = copy_content(request->emulator->fd, fd);
	if (!r)
		r = set_attributes(fd, request);
	if (!r && fsync(fd) < 0)
		r = -errno;
	if (!r && close(take_fd(&fd)) < 0)
		r = -errno;
	if (r)
		unlinkat(place->dir, temporary, 0);
	return r;
}

enum place_backup place_backup(const struct place *place)
{
	char name[NAME_MAX + 1];
	struct stat backup, file;

	if (record_name(place->name, PLACE_BACKUP, name) ||
		fstatat(place->dir, name, &backup, AT_SYMLINK_NOFOLLOW) < 0)
		return BACKUP_NONE;
	if (!fstatat(place->dir, place->name, &file, AT_SYMLINK_NOFOLLOW) &&
		file.st_dev == backup.st_dev && file.st_ino == backup.st_ino)
		return BACKUP_IS_FILE;
	return BACKUP_OTHER;
}

int place_is_ours(const struct place *place, const struct record *record)
{
	auto_fd fd = fd_open_regular(place->dir, place->name, O_NOFOLLOW);
	char own[DIGEST_TEXT];
	int r;

	if (fd < 0)
		return fd == -ENOENT ? -ENOENT : 0;
	r = digest_file(fd, own);
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

static int keep_old(const struct place *place)
{
	char name[NAME_MAX + 1];
	int r = record_name(place->name, PLACE_BACKUP, name);

	if (r)
		return r;
	return linkat(place->dir, place->name, place->dir, name, 0) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_record(const struct place *place, const struct record *record, struct err *e)
{
	char name[NAME_MAX + 1], scratch[NAME_MAX + 1];
	auto_buf text = { 0 };

	if (record_name(place->name, PLACE_RECORD, name) ||
		record_name(place->name, PLACE_SCRATCH, scratch))
		return err_sys(e, -ENAMETOOLONG, "%s", place->name);
	record_render(record, &text);
	return fd_replace_file_via(place->dir, scratch, name, &text, 0644, e);
}

/* What is to be put where: decided before anything is changed. */
struct decision {
	struct record record, old;
	bool links_backup; /* the file that is there is to be kept */
	bool is_first;	   /* nothing of ours was there */
};

static int refuse_backup(const struct inject_request *request, struct err *e)
{
	err_set(e, -EBADMSG, "%s: a file by the name under which the old one would be kept is there",
		request->at);
	return err_hint(e, "look at .%s" PLACE_BACKUP " beside it, and move it away",
		str_basename(request->at));
}

static int decide(const struct place *place, const struct inject_request *request, enum there there,
	struct decision *ret, struct err *e)
{
	struct record old;
	int has_record = place_read_record(place, &old), ours = 0;
	enum place_backup backup = place_backup(place);
	struct decision d = { .record = { .made_dirs = place->made, .dir_time = place->time } };

	if (has_record == -EBADMSG)
		return err_set(e, -EBADMSG, "%s: the record beside it is damaged", request->at);
	if (has_record && has_record != -ENOENT)
		return err_sys(e, -EIO, "%s: cannot read the record beside it", request->at);
	d.is_first = has_record;
	if (!has_record) {
		ours = place_is_ours(place, &old);
		if (ours < 0 && ours != -ENOENT)
			return err_sys(e, -EIO, "%s: cannot read it", request->at);
		d.record = d.old = old;
		memcpy(d.record.also, old.digest, sizeof(d.record.also));
	}
	if (there == THERE_OTHER && ours != 1) {
		/* Somebody's own file, also where a killed run or a package left it so. */
		if (backup == BACKUP_OTHER)
			return refuse_backup(request, e);
		d.record.has_backup = d.links_backup = true;
	} else if (has_record && backup != BACKUP_NONE) {
		return refuse_backup(request, e);
	}
	*ret = d;
	return 0;
}

/* The emulator has its name already: back to what was there before the first one. */
static int take_back(const struct place *place, const struct decision *d, int code)
{
	char was[NAME_MAX + 1];

	if (!d->is_first)
		return 0; /* an older one of ours was there: the new one with its record is as good */
	if (d->links_backup && !record_name(place->name, PLACE_BACKUP, was))
		renameat(place->dir, was, place->dir, place->name);
	else
		unlinkat(place->dir, place->name, 0);
	return code;
}

/*
 * The order makes every moment of a kill harmless: first what was there gets a second name, then the record
 * says so, then the emulator takes the name in one step.
 */
static int put(const struct place *place, const struct inject_request *request, struct decision *d,
	struct err *e)
{
	char temporary[NAME_MAX + 1];
	int r = digest_file(request->emulator->fd, d->record.digest);

	if (!r)
		r = record_name(place->name, PLACE_TEMPORARY, temporary);
	if (!r)
		r = write_emulator(place, temporary, request);
	if (!r && d->links_backup)
		r = keep_old(place);
	if (r)
		err_sys(e, r, "%s: cannot write the emulator", request->at);
	else
		r = write_record(place, &d->record, e);
	if (!r && renameat(place->dir, temporary, place->dir, place->name) < 0)
		r = err_sys(e, -errno, "%s: cannot put the emulator in its place", request->at);
	else if (!r && fsync(place->dir) < 0)
		r = take_back(place, d, err_sys(e, -errno, "%s", request->at));
	if (!r)
		return 0;
	place_remove(place, PLACE_TEMPORARY);
	if (d->is_first)
		place_remove(place, PLACE_RECORD);
	else
		write_record(place, &d->old, NULL);
	if (d->links_backup && place_backup(place) == BACKUP_IS_FILE)
		place_remove(place, PLACE_BACKUP);
	return r;
}

static void remove_made(const struct inject_request *request, int root, struct place *place)
{
	char path[INJECT_PATH_MAX];

	snprintf(path, sizeof(path), "%.*s", (int)(strrchr(request->at, '/') - request->at), request->at);
	cleanup_fd(&place->dir);
	place->dir = -1;
	beneath_remove_dirs(root, path, place->made, &place->time);
}

static int inject_at(int root, struct place *place, const struct inject_request *request,
	enum inject_result *ret, struct err *e)
{
	enum there there = look(place, request->emulator);
	struct decision decision;
	int r = 0;

	if (there == THERE_UNFIT)
		r = err_set(e, -EBADMSG, "%s: something that is no file stands there", request->at);
	if (r && place->made)
		remove_made(request, root, place);
	if (r)
		return r;
	*ret = there == THERE_SAME ? INJECT_UNCHANGED : there == THERE_OTHER ? INJECT_REPLACED : INJECT_DONE;
	if (there == THERE_SAME)
		return 0;
	r = decide(place, request, there, &decision, e);
	if (r && place->made)
		remove_made(request, root, place);
	if (r || request->dry_run)
		return r;
	r = put(place, request, &decision, e);
	if (r && place->made)
		remove_made(request, root, place);
	if (r && e)
		e->code = -EIO;
	return r;
}

int inject_file(int root, const struct inject_request *request, enum inject_result *ret,
	struct err *e)
{
	__attribute__((cleanup(place_done))) struct place place = { .dir = -1 };
	int r = place_open(root, request->at, !request->dry_run, &place, e);

	if (r == -ENOENT && request->dry_run) {
		*ret = INJECT_DONE;
		return 0;
	}
	return r ? r : inject_at(root, &place, request, ret, e);
}
