// SPDX-License-Identifier: MIT
/* Native tools in a root file system that nobody trusts: put there whole, taken out without a trace. */
#include "rootfs/accelerate.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "rootfs/beneath.h"

#define ABOVE	  "/usr/lib"
#define OWN	  "anyarch"
#define NAME	  "native"
#define TEMPORARY ".native.anyarch-new"
#define OLD	  ".native.anyarch-old"
#define RECORD	  "record"
#define NEW_START ".anyarch-"
#define NEW_END	  ".new"

enum { RECORD_MAX = 256, DEPTH_MAX = 8 };

/* /usr/lib, anyarch in it, and what is to be given back. */
struct spot {
	int above;
	int own; /* anyarch, or what will be: see make_own() */
	bool is_made; /* by us */
	char temporary[80]; /* its name as long as it is not whole; "" */
	struct timespec time; /* of /usr/lib, before that */
};

#define SPOT_INIT { .above = -1, .own = -1 }
#define auto_spot auto_with(spot_done) struct spot

static void spot_done(struct spot *spot)
{
	cleanup_fd(&spot->above);
	cleanup_fd(&spot->own);
}

static int open_in_root(void *context, const char *path, struct stat *st)
{
	int at = beneath_open(*(const int *)context, path, O_PATH), fd;

	if (at < 0)
		return at;
	fd = fd_reopen_regular(at);
	if (fd >= 0 && fstat(fd, st) < 0) {
		cleanup_fd(&fd);
		return -EIO;
	}
	return fd;
}

int accelerate_find(int root, const struct toolchain *toolchain, struct twins *ret, struct err *e)
{
	return twins_find(toolchain, &(struct twin_root){ open_in_root, &root }, ret, e);
}

/* The stub believes root's directories alone, which nobody else may write to. */
static int check_directory(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "%s", path);
	if (st.st_mode & 022)
		return err_set(e, -EBADMSG, "%s: others may write there (mode %04o)", path, (unsigned)st.st_mode & 07777);
	if (st.st_uid && st.st_uid != geteuid())
		return err_set(e, -EBADMSG, "%s: it belongs to user %u, not to root", path, (unsigned)st.st_uid);
	return 0;
}

static void name_new(struct spot *spot)
{
	snprintf(spot->temporary, sizeof(spot->temporary), NEW_START "%lld-%ld" NEW_END, (long long)spot->time.tv_sec,
		spot->time.tv_nsec);
}

/*
 * Killed at any moment, /usr/lib has to get its time back: so the directory in which all is made has that in its name,
 * ".anyarch-SECONDS-NANOSECONDS.new".
 */
static int make_own(struct spot *spot, struct err *e)
{
	struct stat st;

	if (fstat(spot->above, &st) < 0)
		return err_sys(e, -errno, ABOVE);
	spot->time = st.st_mtim;
	name_new(spot);
	if (mkdirat(spot->above, spot->temporary, 0755) < 0)
		return err_sys(e, errno == EROFS || errno == EACCES ? -errno : -EIO, ABOVE "/" OWN ": %s", strerror(errno));
	spot->is_made = true;
	spot->own = openat(spot->above, spot->temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return spot->own < 0 || fchmod(spot->own, 0755) < 0 ? err_sys(e, -EIO, ABOVE "/" OWN) : 0;
}

static int open_own(struct spot *spot, struct err *e)
{
	spot->own = openat(spot->above, OWN, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (spot->own < 0 && errno == ENOENT)
		return -ENOENT;
	if (spot->own < 0)
		return err_set(e, -EBADMSG, ABOVE "/" OWN ": it is no directory");
	return check_directory(spot->own, ABOVE "/" OWN, e);
}

static int open_above(int root, bool changes, struct spot *ret, struct err *e)
{
	ret->above = beneath_open(root, ABOVE, O_RDONLY | O_DIRECTORY);
	if (ret->above < 0)
		return ret->above == -ENOENT ? -ENOENT : err_sys(e, ret->above, ABOVE);
	if (changes && flock(ret->above, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, -EBUSY, ABOVE ": somebody else is changing it");
	return 0;
}

/* ---- removing ---- */

static int remove_tree(int dir, const char *name, unsigned depth);

static int empty_directory(int fd, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		cleanup_fd(&fd);
		return r;
	}
	while (!r && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = remove_tree(dirfd(dir), entry->d_name, depth);
	closedir(dir);
	return r;
}

/* Whatever it is, nothing behind a link or a mount. */
static int remove_tree(int dir, const char *name, unsigned depth)
{
	int fd, r;

	if (!unlinkat(dir, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = depth < DEPTH_MAX ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd < 0)
		return -errno;
	r = empty_directory(fd, depth + 1);
	return r ? r : unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* "1 SECONDS NANOSECONDS" where anyarch was made for it, "0 0 0" where it was there. */
static bool parse_record(const char *text, bool *ret_is_made, struct timespec *ret)
{
	long long seconds;
	long nanoseconds;
	int made;

	if (sscanf(text, "%d %lld %ld", &made, &seconds, &nanoseconds) != 3 || made < 0 || made > 1 || nanoseconds < 0 ||
		nanoseconds > 999999999)
		return false;
	*ret_is_made = made;
	*ret = (struct timespec){ .tv_sec = (time_t)seconds, .tv_nsec = nanoseconds };
	return true;
}

/* An image's has none, and a root may have been made of one. */
static bool has_index(int dir)
{
	auto_fd fd = fd_open_regular(dir, ENTRY_INDEX + 1, O_NOFOLLOW);
	char magic[sizeof(((struct entry_index *)0)->magic)];

	return fd >= 0 && fd_pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		!memcmp(magic, ENTRY_INDEX_MAGIC, sizeof(magic));
}

/* Whether the directory of this name is ours, and what it knows of the time before. */
static bool read_record(const struct spot *spot, const char *name, bool *ret_is_made, struct timespec *ret)
{
	auto_fd dir = openat(spot->own, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	auto_buf text = { 0 };

	*ret_is_made = false;
	if (dir < 0)
		return false;
	fd = fd_open_regular(dir, RECORD, O_NOFOLLOW);
	if (fd >= 0 && !fd_read_all(fd, RECORD_MAX, &text) && parse_record(buf_text(&text), ret_is_made, ret))
		return true;
	return has_index(dir);
}

static int not_ours(struct err *e)
{
	err_set(e, -EBADMSG, ENTRY_PLACE_ROOT ": something else is there");
	return err_hint(e, "move it away, if it is not needed under that name");
}

/* anyarch goes when it was made for the tools and nothing else is in it; then /usr/lib is as it was. */
static void tidy(const struct spot *spot, bool is_made, const struct timespec *time)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, *time };

	if (is_made && !unlinkat(spot->above, *spot->temporary ? spot->temporary : OWN, AT_REMOVEDIR))
		futimens(spot->above, times);
}

static bool is_there(const struct spot *spot, const char *name)
{
	return !faccessat(spot->own, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* What runs have left that were killed before anyarch was there: the oldest time is the one of before. */
static int sweep(const struct spot *spot)
{
	int fd = openat(spot->above, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		cleanup_fd(&fd);
		return -EIO;
	}
	while (!r && (entry = readdir(dir))) {
		struct timespec time = { 0 };
		long long seconds;
		int end = 0;

		if (sscanf(entry->d_name, NEW_START "%lld-%ld" NEW_END "%n", &seconds, &time.tv_nsec, &end) != 2 || !end ||
			entry->d_name[end] || time.tv_nsec < 0 || time.tv_nsec > 999999999)
			continue;
		time.tv_sec = (time_t)seconds;
		r = remove_tree(spot->above, entry->d_name, 0);
		if (!r)
			futimens(spot->above, (struct timespec[2]){ { .tv_nsec = UTIME_OMIT }, time });
	}
	closedir(dir);
	return r;
}

/* The directory that is there, by whatever name, in one step out of the stub's sight, then away. */
static int remove_native(const struct spot *spot)
{
	int r = is_there(spot, NAME) ? remove_tree(spot->own, OLD, 0) : 0;

	if (!r && renameat(spot->own, NAME, spot->own, OLD) < 0 && errno != ENOENT)
		r = -errno;
	r = r ? r : remove_tree(spot->own, TEMPORARY, 0);
	return r ? r : remove_tree(spot->own, OLD, 0);
}

/* Whether nothing but ours is in anyarch. */
static bool is_alone(const struct spot *spot)
{
	int fd = openat(spot->own, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool is = dir;

	if (!dir)
		cleanup_fd(&fd);
	while (is && (entry = readdir(dir)))
		is = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || !strcmp(entry->d_name, NAME) ||
			!strcmp(entry->d_name, OLD) || !strcmp(entry->d_name, TEMPORARY);
	if (dir)
		closedir(dir);
	return is;
}

/* All of it gets a name that the next run would sweep, with the time in it: killed now, nothing is forgotten. */
static int remove_whole(struct spot *spot, const struct timespec *time)
{
	spot->time = *time;
	name_new(spot);
	if (renameat2(spot->above, OWN, spot->above, spot->temporary, RENAME_NOREPLACE) < 0)
		return -errno;
	return sweep(spot);
}

static int remove_own(struct spot *spot, bool dry_run, enum inject_result *ret, struct err *e)
{
	struct timespec time = { 0 };
	bool is_made;
	int r;

	if (!is_there(spot, NAME) && !is_there(spot, OLD) && !is_there(spot, TEMPORARY))
		return 0;
	if (!read_record(spot, is_there(spot, NAME) ? NAME : is_there(spot, OLD) ? OLD : TEMPORARY, &is_made, &time) &&
		is_there(spot, NAME))
		return not_ours(e);
	*ret = INJECT_REMOVED;
	if (dry_run)
		return 0;
	r = is_made && is_alone(spot) ? remove_whole(spot, &time) : remove_native(spot);
	return r ? err_sys(e, -EIO, "%s: cannot take it out: %s", ENTRY_PLACE_ROOT, strerror(-r)) : 0;
}

int accelerate_remove(int root, bool dry_run, enum inject_result *ret, struct err *e)
{
	auto_spot spot = SPOT_INIT;
	int r = open_above(root, !dry_run, &spot, e);

	*ret = INJECT_ABSENT;
	if (r)
		return r == -ENOENT ? 0 : r;
	if (!dry_run && sweep(&spot))
		return err_set(e, -EIO, ABOVE ": cannot remove what a run that was killed has left");
	r = open_own(&spot, e);
	return r == -ENOENT ? 0 : r ? r : remove_own(&spot, dry_run, ret, e);
}

/* ---- putting ---- */

static int write_bytes(int dir, const char *name, const void *data, size_t len)
{
	auto_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	static const struct timespec epoch[2] = { 0 };
	int r = fd < 0 ? -errno : fd_write(fd, data, len);

	if (!r && (fchmod(fd, 0644) < 0 || (!geteuid() && fchown(fd, 0, 0) < 0) || futimens(fd, epoch) < 0))
		r = -errno;
	return r;
}

static int write_tool(const struct toolchain *t, size_t i, int dir, struct err *e)
{
	auto_fd from = toolchain_open_file(t, i, e), to = -1;
	static const struct timespec epoch[2] = { 0 };
	const char *name = t->files[i].name;
	int r;

	if (from < 0)
		return from;
	to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	r = to < 0 ? -errno : fd_copy(from, to);
	if (!r && (fchmod(to, 0755) < 0 || (!geteuid() && fchown(to, 0, 0) < 0) || futimens(to, epoch) < 0))
		r = -errno;
	fd_begin_writing(to);
	return r ? err_sys(e, -EIO, "%s/%s: %s", ENTRY_PLACE_ROOT, name, strerror(-r)) : 0;
}

static int write_record(const struct spot *spot, int dir)
{
	char text[RECORD_MAX];
	int len = snprintf(text, sizeof(text), "%d %lld %ld\n", spot->is_made, (long long)(spot->is_made ? spot->time.tv_sec : 0),
		spot->is_made ? spot->time.tv_nsec : 0L);

	return write_bytes(dir, RECORD, text, (size_t)len);
}

static int write_documents(const struct toolchain *t, const struct twins *twins, const char *place, int dir)
{
	auto_buf index = { 0 }, manifest = { 0 };
	int r = twins_index(t, twins, place, &index);

	r = r ? r : twins_manifest(t, twins, &manifest);
	r = r ? r : write_bytes(dir, ENTRY_INDEX + 1, index.data, index.len);
	return r ? r : write_bytes(dir, TOOLCHAIN_MANIFEST, manifest.data, manifest.len);
}

static int make_directories(int dir)
{
	static const char *const dirs[] = { "bin", "lib", "lib/bfd-plugins" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(dir, dirs[i], 0755) < 0 || fchmodat(dir, dirs[i], 0755, 0) < 0)
			return -errno;
	return 0;
}

int accelerate_fill(int dir, const struct toolchain *t, const struct twins *twins, const char *place, struct err *e)
{
	int r = make_directories(dir);

	r = r ? r : write_documents(t, twins, place, dir);
	if (r)
		return err_sys(e, r == -ENOMEM ? r : -EIO, "%s: %s", place, strerror(-r));
	for (size_t i = 0; !r && i < t->n_files; i++)
		if (twins_need(t, twins, i))
			r = write_tool(t, i, dir, e);
	return r;
}

static int fill_temporary(const struct toolchain *t, const struct twins *twins, const struct spot *spot, struct err *e)
{
	auto_fd dir = -1;
	int r = mkdirat(spot->own, TEMPORARY, 0755) < 0 ? -errno : 0;

	dir = r ? -1 : openat(spot->own, TEMPORARY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!r && (dir < 0 || fchmod(dir, 0755) < 0))
		r = -errno;
	/* The record first: killed from here on, what was made can be undone. */
	r = r ? r : write_record(spot, dir);
	if (r)
		return err_sys(e, -EIO, "%s: %s", ENTRY_PLACE_ROOT, strerror(-r));
	r = accelerate_fill(dir, t, twins, ENTRY_PLACE_ROOT, e);
	if (!r && syncfs(dir) < 0)
		r = err_sys(e, -EIO, "%s: %s", ENTRY_PLACE_ROOT, strerror(errno));
	return r;
}

/* Whether just this is there already: the index has the identities, the manifest every digest. */
static bool is_same(const struct spot *spot, const struct toolchain *t, const struct twins *twins)
{
	auto_buf index = { 0 }, manifest = { 0 }, have = { 0 };
	auto_fd dir = openat(spot->own, NAME, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), a = -1, b = -1;

	if (dir < 0 || twins_index(t, twins, ENTRY_PLACE_ROOT, &index) || twins_manifest(t, twins, &manifest))
		return false;
	a = fd_open_regular(dir, ENTRY_INDEX + 1, O_NOFOLLOW);
	b = fd_open_regular(dir, TOOLCHAIN_MANIFEST, O_NOFOLLOW);
	if (a < 0 || b < 0 || fd_read_all(a, BUF_LIMIT, &have) || have.len != index.len ||
		memcmp(have.data, index.data, index.len))
		return false;
	have.len = 0;
	return !fd_read_all(b, BUF_LIMIT, &have) && have.len == manifest.len && !memcmp(have.data, manifest.data, manifest.len);
}

/* Keeps what a former one knows of the time before all of them. */
static bool inherit_record(struct spot *spot)
{
	bool is_made;
	struct timespec time;

	if (!read_record(spot, NAME, &is_made, &time))
		return false;
	if (is_made) {
		spot->is_made = true;
		spot->time = time;
	}
	return true;
}

/* In one step: anyarch as a whole, native in it, or the new native for the old one. */
static int swap_in(struct spot *spot, bool has_old)
{
	if (has_old) {
		if (renameat2(spot->own, TEMPORARY, spot->own, NAME, RENAME_EXCHANGE) < 0)
			return -errno;
		return remove_tree(spot->own, TEMPORARY, 0);
	}
	if (renameat2(spot->own, TEMPORARY, spot->own, NAME, RENAME_NOREPLACE) < 0)
		return -errno;
	if (!*spot->temporary)
		return fsync(spot->own) < 0 ? -errno : 0;
	if (renameat2(spot->above, spot->temporary, spot->above, OWN, RENAME_NOREPLACE) < 0)
		return -errno;
	*spot->temporary = '\0';
	return fsync(spot->above) < 0 ? -errno : 0;
}

static int put(struct spot *spot, const struct toolchain *t, const struct twins *twins, enum inject_result *ret, struct err *e)
{
	bool was_made = spot->is_made, has_old = is_there(spot, NAME);
	int r;

	if (has_old && !inherit_record(spot))
		return not_ours(e);
	r = remove_tree(spot->own, TEMPORARY, 0);
	r = r ? r : remove_tree(spot->own, OLD, 0);
	r = r ? err_sys(e, -EIO, ABOVE "/" OWN ": %s", strerror(-r)) : fill_temporary(t, twins, spot, e);
	if (!r) {
		r = swap_in(spot, has_old);
		r = r ? err_sys(e, -EIO, "%s: %s", ENTRY_PLACE_ROOT, strerror(-r)) : 0;
	}
	if (r) {
		remove_tree(spot->own, TEMPORARY, 0);
		if (was_made)
			remove_tree(spot->own, NAME, 0);
		tidy(spot, was_made, &spot->time);
		return r;
	}
	*ret = has_old ? INJECT_REPLACED : INJECT_DONE;
	return 0;
}

/* Whether it can be put there: everything that is decided before anything is changed. */
static int open_spot(int root, bool dry_run, struct spot *spot, struct err *e)
{
	int r = open_above(root, !dry_run, spot, e);

	if (r == -ENOENT)
		return err_set(e, -EBADMSG, ABOVE ": there is no such directory");
	r = r ? r : check_directory(spot->above, ABOVE, e);
	if (!r && !dry_run && sweep(spot))
		return err_set(e, -EIO, ABOVE ": cannot remove what a run that was killed has left");
	return r ? r : open_own(spot, e);
}

int accelerate_put(int root, const struct toolchain *t, const struct twins *twins, bool dry_run, enum inject_result *ret,
	struct err *e)
{
	auto_spot spot = SPOT_INIT;
	int r = open_spot(root, dry_run, &spot, e);
	bool is_new = r == -ENOENT;

	if (r && !is_new)
		return r;
	*ret = INJECT_UNCHANGED;
	if (!is_new && is_there(&spot, NAME) && is_same(&spot, t, twins))
		return 0;
	*ret = !is_new && is_there(&spot, NAME) ? INJECT_REPLACED : INJECT_DONE;
	if (dry_run)
		return 0;
	r = is_new ? make_own(&spot, e) : 0;
	return r ? r : put(&spot, t, twins, ret, e);
}
