// SPDX-License-Identifier: MIT
/* Removes an injected emulator: exactly what its record says, and only if unchanged. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/stop.h"
#include "rootfs/beneath.h"
#include "rootfs/inject.h"
#include "rootfs/place.h"

enum { DEPTH_MAX = 256 };

/* Refuses if the record does not match the files: nothing is touched then. */
static int check(const struct place *place, const char *at, const struct record *record, int ours, struct err *e)
{
	enum place_backup backup = place_backup(place);

	if (ours < 0 && ours != -ENOENT)
		return err_sys(e, -EIO, "%s: cannot read it", at);
	if (!ours && record->has_backup && backup == BACKUP_NONE)
		return 0; /* an eject restored the backup, but was killed before it removed the record */
	if (!ours && backup != BACKUP_IS_FILE) {
		err_set(e, -EBADMSG, "%s: changed since it was injected", at);
		return err_hint(e, "remove .%s" PLACE_RECORD " beside it if that is right", place->name);
	}
	if (record->has_backup && backup == BACKUP_NONE) {
		err_set(e, -EBADMSG, "%s: the backup of the previous file is missing", at);
		return err_hint(e, "it should be .%s" PLACE_BACKUP " beside it", place->name);
	}
	if (!record->has_backup && backup == BACKUP_OTHER)
		return err_set(e, -EBADMSG, "%s: a backup exists that the record does not mention", at);
	return 0;
}

/* 0, 1 if there is no record, or -errno with e set. */
static int eject_at(const char *at, const struct place *place, bool dry_run, struct record *ret_record, struct err *e)
{
	static const char *const suffixes[] = { PLACE_TEMPORARY, PLACE_SCRATCH, PLACE_RECORD };
	enum place_backup backup;
	int r = dry_run ? 0 : place_lock(place, at, e), ours;

	if (r)
		return r;
	backup = place_backup(place);
	r = place_read_record(place, ret_record);
	if (r == -EBADMSG)
		return err_set(e, -EBADMSG, "%s: the record beside it is damaged", at);
	if (r == -ENOENT && backup == BACKUP_IS_FILE && !dry_run)
		place_remove(place, PLACE_BACKUP);
	if (r)
		return r == -ENOENT ? 1 : err_sys(e, r, "%s", at);
	ours = place_is_ours(place, ret_record);
	r = check(place, at, ret_record, ours, e);
	if (r || dry_run)
		return r;
	if (backup == BACKUP_IS_FILE)
		r = place_remove(place, PLACE_BACKUP); /* inject was killed before it replaced the file */
	else if (backup == BACKUP_OTHER)
		r = place_restore(place);
	else if (ours == 1 && unlinkat(place->dir, place->name, 0) < 0)
		r = -errno;
	/* The record is removed last: after a kill, the next run continues from it. */
	for (size_t i = 0; !r && i < ARRAY_SIZE(suffixes); i++)
		r = place_remove(place, suffixes[i]);
	if (!r && fsync(place->dir) < 0)
		r = -errno;
	if (!r)
		return 0;
	err_sys(e, r, "%s: cannot remove it", at);
	return e ? (e->code = -EIO) : -EIO;
}

int eject_file(int root, const char *at, bool dry_run, enum inject_result *ret, struct err *e)
{
	__attribute__((cleanup(place_done))) struct place place = { .dir = -1 };
	struct record record;
	int r = place_open(root, at, false, &place, e);

	r = r == -ENOENT ? 1 : r ? r : eject_at(at, &place, dry_run, &record, e);
	if (!r && !dry_run)
		place_remove_dirs(&place, root, at, record.made_dirs, &record.dir_time);
	*ret = r ? INJECT_ABSENT : INJECT_REMOVED;
	return r < 0 ? r : 0;
}

/* A walk over the whole tree: inject --at may have used any path. */
struct search_records {
	struct buf path;
	int (*each)(const char *at, void *context);
	void *context;
};

static bool record_target(const char *dir, const char *entry, char at[BENEATH_PATH_MAX])
{
	size_t len = strlen(entry), suffix = strlen(PLACE_RECORD);

	return *entry == '.' && len > suffix + 1 && !strcmp(entry + len - suffix, PLACE_RECORD) &&
	       snprintf(at, BENEATH_PATH_MAX, "%s/%.*s", dir, (int)(len - suffix - 1), entry + 1) < BENEATH_PATH_MAX;
}

/* Takes ownership of fd. */
static int walk(struct search_records *s, int fd, unsigned depth)
{
	auto_dir dir = fd_list(fd);
	size_t before = s->path.len;
	char at[BENEATH_PATH_MAX];
	const struct dirent *entry;
	int r = dir ? 0 : -errno;

	while (dir && !r && (entry = fd_next(dir))) {
		auto_fd below = -1;

		if (stop_signal())
			return -EINTR;
		if (record_target(buf_text(&s->path), entry->d_name, at)) {
			r = s->each(at, s->context);
			continue;
		}
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (below < 0)
			r = errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
		/* Other mounts below root, such as /proc, are not part of its tree. */
		if (below < 0 || depth == DEPTH_MAX || !beneath_is_same_mount(fd, below))
			continue;
		buf_addf(&s->path, "/%s", entry->d_name);
		r = walk(s, take_fd(&below), depth + 1);
		s->path.len = before;
		if (s->path.data)
			s->path.data[before] = '\0';
	}
	return r;
}

int inject_each(int root, int (*each)(const char *at, void *context), void *context)
{
	struct search_records s = { .each = each, .context = context };
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	r = fd < 0 ? -errno : walk(&s, fd, 0);
	buf_done(&s.path);
	return r;
}
