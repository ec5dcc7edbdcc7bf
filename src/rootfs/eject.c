// SPDX-License-Identifier: MIT
/* Taking an injected emulator out again: just what its record says, and only if it is still that. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "rootfs/beneath.h"
#include "rootfs/inject.h"
#include "rootfs/place.h"

/* Whether the file is still the one that was put there. 1, 0, -ENOENT. */
static int is_ours(const struct place *place, const struct record *record)
{
	auto_fd fd = fd_open_regular(place->dir, place->name, O_NOFOLLOW);
	char digest[DIGEST_TEXT];
	int r;

	if (fd < 0)
		return fd == -ENOENT ? -ENOENT : 0;
	r = digest_file(fd, digest);
	return r ? r : !strcmp(digest, record->digest);
}

static int remove_name(const struct place *place, const char *suffix)
{
	char name[NAME_MAX + 1];
	int r = record_name(place->name, suffix, name);

	if (r)
		return r;
	return unlinkat(place->dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* The record goes last: killed before, the next run goes on where this one was. */
static int take_out(const struct place *place, const struct record *record, bool has_file)
{
	char was[NAME_MAX + 1];
	int r = record_name(place->name, PLACE_BACKUP, was);

	if (r)
		return r;
	if (record->has_backup && renameat(place->dir, was, place->dir, place->name) < 0) {
		if (errno != ENOENT)
			return -errno;
	} else if (!record->has_backup && has_file && unlinkat(place->dir, place->name, 0) < 0) {
		return -errno;
	}
	r = remove_name(place, PLACE_TEMPORARY);
	if (!r)
		r = remove_name(place, PLACE_RECORD);
	return !r && fsync(place->dir) < 0 ? -errno : r;
}

static void tidy(int root, const char *at, struct place *place, const struct record *record)
{
	char path[INJECT_PATH_MAX];

	snprintf(path, sizeof(path), "%.*s", (int)(strrchr(at, '/') - at), at);
	cleanup_fd(&place->dir);
	place->dir = -1;
	beneath_remove_dirs(root, path, record->made_dirs, &record->dir_time);
}

static int eject_at(int root, const char *at, struct place *place, bool dry_run,
	enum inject_result *ret, struct err *e)
{
	struct record record;
	int r = place_read_record(place, &record), ours;

	if (r == -EBADMSG)
		return err_set(e, -EBADMSG, "%s: the record beside it is damaged", at);
	*ret = INJECT_ABSENT;
	if (r)
		return r == -ENOENT ? 0 : err_sys(e, r, "%s", at);
	ours = is_ours(place, &record);
	if (ours < 0 && ours != -ENOENT)
		return err_sys(e, -EIO, "%s: cannot read it", at);
	if (!ours) {
		err_set(e, -EBADMSG, "%s: it is not what was put there any more", at);
		return err_hint(e, "remove it and .%s.anyarch beside it by hand", place->name);
	}
	*ret = INJECT_REMOVED;
	if (dry_run)
		return 0;
	r = take_out(place, &record, ours == 1);
	if (r) {
		err_sys(e, r, "%s: cannot take it out", at);
		return e ? (e->code = -EIO) : -EIO;
	}
	tidy(root, at, place, &record);
	return 0;
}

int eject_file(int root, const char *at, bool dry_run, enum inject_result *ret, struct err *e)
{
	__attribute__((cleanup(place_done))) struct place place = { .dir = -1 };
	int r = place_open(root, at, false, &place, e);

	if (r == -ENOENT) {
		*ret = INJECT_ABSENT;
		return 0;
	}
	return r ? r : eject_at(root, at, &place, dry_run, ret, e);
}

static bool record_target(const char *dir, const char *entry, char at[INJECT_PATH_MAX])
{
	size_t len = strlen(entry), suffix = strlen(PLACE_RECORD);

	return *entry == '.' && len > suffix + 1 && !strcmp(entry + len - suffix, PLACE_RECORD) &&
		snprintf(at, INJECT_PATH_MAX, "%s/%.*s", dir, (int)(len - suffix - 1), entry + 1) <
		INJECT_PATH_MAX;
}

static int each_in(int root, const char *path, int (*each)(const char *at, void *context), void *context)
{
	int fd = beneath_open(root, path, O_RDONLY | O_DIRECTORY), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char at[INJECT_PATH_MAX];
	struct dirent *entry;

	if (!dir) {
		cleanup_fd(&fd);
		return 0;
	}
	while (!r && (entry = readdir(dir)))
		if (record_target(path, entry->d_name, at))
			r = each(at, context);
	closedir(dir);
	return r;
}

int inject_each(int root, int (*each)(const char *at, void *context), void *context)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/local/bin", "/usr/libexec/qemu-binfmt",
		"/usr/lib/qemu-binfmt", "/bin", "" };
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(dirs); i++)
		r = each_in(root, dirs[i], each, context);
	return r;
}
