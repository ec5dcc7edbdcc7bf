// SPDX-License-Identifier: MIT
/* The directory of native tools in a root: opening it, cleaning up after killed runs, removing it. */
#include "accel/place.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/kernel.h"
#include "base/str.h"
#include "emulator/entry/layout.h"
#include "rootfs/beneath.h"

#define NEW_START ".anyarch-"
#define NEW_END	  ".new"

enum { DEPTH_MAX = 8 };

/* The directory of the tools; its old and new names while it is replaced. */
static const char *const names[] = { SPOT_NAME, SPOT_OLD, SPOT_NEW };

void spot_done(struct spot *spot)
{
	cleanup_fd(&spot->above);
	cleanup_fd(&spot->own);
}

int spot_check(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "%s", path);
	if (st.st_mode & 022)
		return err_set(e, -EBADMSG, "%s: writable by others (mode %04o)", path, (unsigned)st.st_mode & 07777);
	if (st.st_uid && st.st_uid != geteuid())
		return err_set(e, -EBADMSG, "%s: owned by user %u instead of root", path, (unsigned)st.st_uid);
	return 0;
}

static void name_new(struct spot *spot)
{
	snprintf(spot->temporary, sizeof(spot->temporary), NEW_START "%lld-%ld" NEW_END, (long long)spot->time.tv_sec,
		spot->time.tv_nsec);
}

int spot_make(struct spot *spot, struct err *e)
{
	struct stat st;

	if (fstat(spot->above, &st) < 0)
		return err_sys(e, -errno, SPOT_ABOVE);
	spot->time = st.st_mtim;
	name_new(spot);
	if (mkdirat(spot->above, spot->temporary, 0755) < 0)
		return err_sys(e, errno == EROFS || errno == EACCES ? -errno : -EIO, SPOT_ABOVE "/" SPOT_OWN ": %s",
			strerror(errno));
	spot->is_made = true;
	spot->own = openat(spot->above, spot->temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return spot->own < 0 || fchmod(spot->own, 0755) < 0 ? err_sys(e, -EIO, SPOT_ABOVE "/" SPOT_OWN) : 0;
}

int spot_open_own(struct spot *spot, struct err *e)
{
	spot->own = openat(spot->above, SPOT_OWN, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (spot->own < 0 && errno == ENOENT)
		return -ENOENT;
	if (spot->own < 0)
		return err_set(e, -EBADMSG, SPOT_ABOVE "/" SPOT_OWN ": not a directory");
	return spot_check(spot->own, SPOT_ABOVE "/" SPOT_OWN, e);
}

int spot_open_above(int root, bool changes, struct spot *ret, struct err *e)
{
	ret->above = beneath_open(root, SPOT_ABOVE, O_RDONLY | O_DIRECTORY);
	if (ret->above < 0)
		return ret->above == -ENOENT ? -ENOENT : err_sys(e, ret->above, SPOT_ABOVE);
	if (changes && flock(ret->above, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, -EBUSY, SPOT_ABOVE ": another process is changing it");
	return 0;
}

/* Visits (and removes) any kind of file, without following links; -EBUSY at a mount. */
static int walk_at_depth(int dir, const char *name, unsigned depth, bool removes)
{
	auto_fd fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_dir list = NULL;
	const struct dirent *entry;
	struct stat st;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!beneath_is_same_mount(dir, fd))
		return -EBUSY;
	if (!S_ISDIR(st.st_mode))
		return removes && unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (depth == DEPTH_MAX)
		return -ELOOP;
	list = fd_list_at(fd, ".");
	if (!list)
		return -errno;
	while (!r && (entry = fd_next(list)))
		r = walk_at_depth(dirfd(list), entry->d_name, depth + 1, removes);
	return !r && removes && unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : r;
}

int spot_remove_tree(int dir, const char *name)
{
	int r = walk_at_depth(dir, name, 0, false);

	return r ? r : walk_at_depth(dir, name, 0, true);
}

int spot_check_mounts(const struct spot *spot, struct err *e)
{
	bool is_mounted = !beneath_is_same_mount(spot->above, spot->own);

	for (size_t i = 0; !is_mounted && i < ARRAY_SIZE(names); i++)
		is_mounted = walk_at_depth(spot->own, names[i], 0, false) == -EBUSY;
	if (!is_mounted)
		return 0;
	err_set(e, -EBADMSG, "%s: something is mounted there", ENTRY_PLACE_ROOT);
	return err_hint(e, "unmount it first");
}

/* Parses SECONDS and NANOSECONDS with a separator. Returns what follows; NULL if invalid. */
static const char *parse_time(const char *text, char between, struct timespec *ret)
{
	char *end;
	long long seconds = strtoll(text, &end, 10);
	unsigned long nanoseconds;

	if (end == text || *end != between || !isdigit((unsigned char)end[1]))
		return NULL;
	nanoseconds = strtoul(end + 1, &end, 10);
	*ret = (struct timespec){ .tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds };
	return nanoseconds <= 999999999 ? end : NULL;
}

/* Parses "1 SECONDS NANOSECONDS" if anyarch was created for the tools, "0 0 0" if it existed. */
static bool parse_record(const char *text, bool *ret_is_made, struct timespec *ret)
{
	const char *end = (*text == '0' || *text == '1') && text[1] == ' ' ? parse_time(text + 2, ' ', ret) : NULL;

	*ret_is_made = *text == '1';
	return end && !strcmp(end, "\n");
}

/* Tools in an image have no record, and a root may have been unpacked from an image. */
static bool has_index(int dir)
{
	auto_fd fd = fd_open_regular(dir, &ENTRY_INDEX[1], O_NOFOLLOW);
	char magic[sizeof(((struct entry_index *)0)->magic)];

	return fd >= 0 && fd_pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       !memcmp(magic, ENTRY_INDEX_MAGIC, sizeof(magic));
}

bool spot_read_record(const struct spot *spot, const char *name, bool *ret_is_made, struct timespec *ret)
{
	auto_fd dir = openat(spot->own, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	auto_buf text = { 0 };

	*ret_is_made = false;
	if (dir < 0)
		return false;
	fd = fd_open_regular(dir, SPOT_RECORD, O_NOFOLLOW);
	if (fd >= 0 && !fd_read_all(fd, SPOT_RECORD_MAX, &text) && parse_record(buf_text(&text), ret_is_made, ret))
		return true;
	return has_index(dir);
}

int spot_not_ours(struct err *e)
{
	err_set(e, -EBADMSG, ENTRY_PLACE_ROOT ": exists, and was not created by anyarch");
	return err_hint(e, "move it away, if it is not needed under that name");
}

void spot_tidy(const struct spot *spot, bool is_made, const struct timespec *time)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, *time };

	if (is_made && !unlinkat(spot->above, *spot->temporary ? spot->temporary : SPOT_OWN, AT_REMOVEDIR))
		futimens(spot->above, times);
}

bool spot_has(const struct spot *spot, const char *name)
{
	return !faccessat(spot->own, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

int spot_sweep(const struct spot *spot)
{
	auto_dir dir = fd_list_at(spot->above, ".");
	struct timespec first = { 0 };
	const struct dirent *entry;
	bool has_any = false;
	int r = dir ? 0 : -EIO;

	while (dir && !r && (entry = fd_next(dir))) {
		struct timespec time = { 0 };
		const char *end = str_starts(entry->d_name, NEW_START)
					  ? parse_time(entry->d_name + strlen(NEW_START), '-', &time)
					  : NULL;

		if (!end || strcmp(end, NEW_END) != 0)
			continue;
		r = spot_remove_tree(spot->above, entry->d_name);
		/* The oldest time is the original one. */
		if (!has_any || time.tv_sec < first.tv_sec ||
			(time.tv_sec == first.tv_sec && time.tv_nsec < first.tv_nsec))
			first = time;
		has_any = true;
	}
	if (has_any && !r)
		futimens(spot->above, (struct timespec[2]){ { .tv_nsec = UTIME_OMIT }, first });
	return r;
}

/* Hides the directory from the stub in one step, then removes it under whichever name it has. */
static int remove_native(const struct spot *spot)
{
	int r = spot_has(spot, SPOT_NAME) ? spot_remove_tree(spot->own, SPOT_OLD) : 0;

	if (!r && renameat(spot->own, SPOT_NAME, spot->own, SPOT_OLD) < 0 && errno != ENOENT)
		r = -errno;
	r = r ? r : spot_remove_tree(spot->own, SPOT_NEW);
	return r ? r : spot_remove_tree(spot->own, SPOT_OLD);
}

/* Removes anyarch if this program created it, and it has nothing else; without is_whole, only the tools in it. */
static int remove_own(struct spot *spot, bool is_whole, const struct timespec *time)
{
	auto_dir dir = fd_list_at(spot->own, ".");
	const struct dirent *entry;

	is_whole &= dir != NULL;
	while (is_whole && (entry = fd_next(dir)))
		is_whole = !strcmp(entry->d_name, SPOT_NAME) || !strcmp(entry->d_name, SPOT_OLD) ||
			   !strcmp(entry->d_name, SPOT_NEW);
	if (!is_whole)
		return remove_native(spot);
	/* The new name has the time in it, for spot_sweep(): if killed, the next run completes it. */
	spot->time = *time;
	name_new(spot);
	if (renameat2(spot->above, SPOT_OWN, spot->above, spot->temporary, RENAME_NOREPLACE) < 0)
		return -errno;
	return spot_sweep(spot);
}

int accelerate_remove(int root, bool dry_run, enum inject_result *ret, struct err *e)
{
	auto_spot spot = SPOT_INIT;
	struct timespec time = { 0 };
	int r = spot_open_above(root, !dry_run, &spot, e);
	size_t first = 0;
	bool is_made;

	*ret = INJECT_ABSENT;
	if (r)
		return r == -ENOENT ? 0 : r;
	if (!dry_run && spot_sweep(&spot))
		return err_set(e, -EIO, SPOT_ABOVE ": cannot remove the remains of a killed run");
	r = spot_open_own(&spot, e);
	if (r)
		return r == -ENOENT ? 0 : r;
	while (first < ARRAY_SIZE(names) && !spot_has(&spot, names[first]))
		first++;
	if (first == ARRAY_SIZE(names))
		return 0;
	if (!spot_read_record(&spot, names[first], &is_made, &time) && !first)
		return spot_not_ours(e);
	r = spot_check_mounts(&spot, e);
	if (r)
		return r;
	*ret = INJECT_REMOVED;
	r = dry_run ? 0 : remove_own(&spot, is_made, &time);
	return r ? err_sys(e, -EIO, "%s: cannot remove it: %s", ENTRY_PLACE_ROOT, strerror(-r)) : 0;
}
