// SPDX-License-Identifier: MIT
/* Puts an emulator into an untrusted root file system. */
#include "rootfs/inject.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/str.h"
#include "rootfs/beneath.h"
#include "rootfs/place.h"
#include "rootfs/record.h"

const char *const inject_words[] = { "injected", "replaced", "unchanged", "removed", "absent" };

/* What the path holds before the injection. */
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

/* What is to be written, decided before anything is changed. */
struct decision {
	struct record record, old;
	bool links_backup; /* keep the previous file as backup */
	bool is_first;	   /* no record existed: nothing was injected at this path */
};

/* State of inject_file(). */
struct work {
	const struct inject_request *request;
	struct place place;
	struct decision decision;
	char temporary[NAME_MAX + 1], scratch[NAME_MAX + 1];
	int emulator, record; /* files being written, possibly without a name yet */
	bool is_recorded;
};

static int refuse_backup(const struct inject_request *request, struct err *e)
{
	err_set(e, -EBADMSG, "%s: cannot keep the previous file: the name of its backup is taken", request->at);
	return err_hint(e, "examine .%s" PLACE_BACKUP " beside it and move it away", str_basename(request->at));
}

/* Reads only. */
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
		d.old = old;
		d.record = old;
		memcpy(d.record.also, old.digest, sizeof(d.record.also));
	}
	if (there == THERE_OTHER && ours != 1) {
		/* Not an injected file; a killed run, or a package that replaced the emulator, leaves one, too. */
		if (backup == BACKUP_OTHER)
			return refuse_backup(request, e);
		d.record.has_backup = d.links_backup = true;
	} else if (has_record && backup != BACKUP_NONE) {
		return refuse_backup(request, e);
	}
	*ret = d;
	return 0;
}

/* Uses O_TMPFILE if the file system supports it, so that a killed run leaves nothing; else the temporary name. */
static int create(const struct work *w, const char *name)
{
	int fd = openat(w->place.dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : fd_create_temporary(w->place.dir, name);
}

/* Links a file of O_TMPFILE to its temporary name. */
static int give_name(const struct work *w, int fd, const char *name)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_nlink)
		return 0;
	if (unlinkat(w->place.dir, name, 0) < 0 && errno != ENOENT)
		return -errno; /* the name may be left over from a killed run */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!linkat(fd, "", w->place.dir, name, AT_EMPTY_PATH) ||
		!linkat(AT_FDCWD, path, w->place.dir, name, AT_SYMLINK_FOLLOW))
		return 0;
	return -errno;
}

/* Runs in a thread: a digest takes as long as a copy. "" means that it failed. */
static void *hash(void *source)
{
	struct inject_source *s = source;

	if (digest_file(s->emulator.fd, s->digest))
		*s->digest = '\0';
	return NULL;
}

/* The source's mtime (at most the epoch), mode 0755, and owner root if permitted. */
static int write_emulator(struct work *w)
{
	const struct inject_request *request = w->request;
	struct inject_source *source = request->source;
	int from = source->emulator.fd, r = record_name(w->place.name, PLACE_TEMPORARY, w->temporary);
	pthread_t thread;
	bool hashes = !*source->digest && !pthread_create(&thread, NULL, hash, source);
	struct timespec times[2];
	struct stat st = { 0 };

	if (!r)
		r = w->emulator = create(w, w->temporary);
	if (r >= 0)
		r = fstat(from, &st) < 0 ? -errno : 0;
	/* Clones the content if the file system supports it, else copies it in the kernel. */
	if (!r && ioctl(w->emulator, FICLONE, from))
		r = fd_copy_range(from, 0, w->emulator, (uint64_t)st.st_size);
	if (!r) {
		times[0] = times[1] = st.st_mtim;
		if (request->has_epoch && times[1].tv_sec >= request->epoch)
			times[1] = times[0] = (struct timespec){ .tv_sec = (time_t)request->epoch };
		if ((geteuid() == 0 && fchown(w->emulator, 0, 0) < 0 && errno != EINVAL && errno != EPERM) ||
			fchmod(w->emulator, 0755) < 0 || futimens(w->emulator, times) < 0)
			r = -errno;
	}
	if (hashes)
		pthread_join(thread, NULL);
	return r;
}

static int write_record(struct work *w)
{
	struct inject_source *source = w->request->source;
	struct record *record = &w->decision.record;
	auto_buf text = { 0 };
	int r = *source->digest ? 0 : digest_file(source->emulator.fd, source->digest);

	memcpy(record->digest, source->digest, sizeof(record->digest));
	record_render(record, &text);
	if (!r)
		r = record_name(w->place.name, PLACE_SCRATCH, w->scratch);
	if (!r)
		r = w->record = create(w, w->scratch);
	if (r >= 0)
		r = fd_write(w->record, text.data, text.len);
	if (!r && fchmod(w->record, 0644) < 0)
		r = -errno;
	if (!r)
		fd_begin_writing(w->record);
	return r;
}

/* Network file systems may report a write error only at close(2). */
static int close_file(int *fd)
{
	return close(take_fd(fd)) < 0 ? -errno : 0;
}

/* Links the previous file to its backup name, renames the record into place, then the emulator over the file. */
static int commit(struct work *w)
{
	char name[NAME_MAX + 1], backup[NAME_MAX + 1];
	int dir = w->place.dir, r = record_name(w->place.name, PLACE_RECORD, name);

	if (!r)
		r = give_name(w, w->emulator, w->temporary);
	if (!r)
		r = give_name(w, w->record, w->scratch);
	if (!r)
		r = close_file(&w->emulator);
	if (!r)
		r = close_file(&w->record);
	if (!r && w->decision.links_backup) {
		r = record_name(w->place.name, PLACE_BACKUP, backup);
		if (!r && linkat(dir, w->place.name, dir, backup, 0) < 0 && errno != EEXIST)
			r = -errno;
	}
	if (!r && renameat(dir, w->scratch, dir, name) < 0)
		r = -errno;
	w->is_recorded = !r;
	if (!r && renameat(dir, w->temporary, dir, w->place.name) < 0)
		r = -errno;
	return r;
}

/* Removes temporary files and restores the previous record and directory mtime. */
static void undo(struct work *w)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, w->place.time };

	place_remove(&w->place, PLACE_TEMPORARY);
	place_remove(&w->place, PLACE_SCRATCH);
	if (w->is_recorded && w->decision.is_first) {
		place_remove(&w->place, PLACE_RECORD);
	} else if (w->is_recorded) {
		char name[NAME_MAX + 1];
		auto_newfile file = NEWFILE_INIT;
		auto_buf text = { 0 };

		record_render(&w->decision.old, &text);
		if (!record_name(w->place.name, PLACE_RECORD, name) &&
			!newfile_open_at(w->place.dir, name, NEWFILE_REPLACES, &file, NULL))
			newfile_commit_text(&file, &text, 0644, NULL);
	}
	if (w->decision.links_backup && place_backup(&w->place) == BACKUP_IS_FILE)
		place_remove(&w->place, PLACE_BACKUP);
	if (!w->place.made)
		futimens(w->place.dir, times);
}

/*
 * This order makes a kill harmless at any point: files are named only once they are on disk, and the record is in place
 * before the emulator.
 */
static int write_all(struct work *w, struct err *e)
{
	const struct place *place = &w->place;
	const char *what = "write the emulator";
	int r = write_emulator(w);

	if (!r) {
		r = write_record(w);
		what = r ? "write the record" : what;
	}
	if (!r && (fsync(w->emulator) < 0 || fsync(w->record) < 0))
		r = -errno;
	if (!r) {
		what = "put the emulator in its place";
		r = commit(w);
	}
	/* An emulator in the place of an injected one stays: its record matches. */
	if (!r && fsync(place->dir) < 0 && w->decision.is_first) {
		what = "make it durable";
		r = -errno;
		if (w->decision.links_backup)
			place_restore(place);
		else
			unlinkat(place->dir, place->name, 0);
	}
	if (!r)
		return 0;
	undo(w);
	err_sys(e, r, "%s: cannot %s", w->request->at, what);
	return e->code = -EIO; /* one code for all write errors */
}

int inject_file(int root, const struct inject_request *request, enum inject_result *ret, struct err *e)
{
	struct work w = { .request = request, .place = { .dir = -1 }, .emulator = -1, .record = -1 };
	enum there there = THERE_NOTHING;
	int r = place_open(root, request->at, !request->dry_run, &w.place, e);

	*ret = INJECT_DONE;
	if (r == -ENOENT && request->dry_run)
		return 0;
	r = r ? r : place_lock(&w.place, request->at, e);
	if (!r) {
		there = look(&w.place, &request->source->emulator);
		*ret = there == THERE_SAME ? INJECT_UNCHANGED : there == THERE_OTHER ? INJECT_REPLACED : INJECT_DONE;
		if (there == THERE_UNFIT)
			r = err_set(e, -EBADMSG, "%s: not a regular file", request->at);
	}
	if (!r && there != THERE_SAME) {
		r = decide(&w.place, request, there, &w.decision, e);
		if (!r && !request->dry_run)
			r = write_all(&w, e);
	}
	if (r && w.place.made)
		place_remove_dirs(&w.place, root, request->at, w.place.made, &w.place.time);
	cleanup_fd(&w.emulator);
	cleanup_fd(&w.record);
	place_done(&w.place);
	return r && !e->code ? err_sys(e, r, "%s", request->at) : r;
}
