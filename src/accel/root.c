// SPDX-License-Identifier: MIT
/* Native tools in an untrusted root file system: added atomically, or bind-mounted. */
#include "accel/root.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "accel/place.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/kernel.h"
#include "base/memory.h"
#include "base/str.h"
#include "rootfs/beneath.h"

int accelerate_find(int root, const struct toolchain *toolchain, struct twins *ret, struct err *e)
{
	return twins_find(toolchain, &(struct tool_root){ toolchain_open_beneath, &root }, ret, e);
}

static int set_owner_and_mode(int fd, mode_t mode)
{
	static const struct timespec epoch[2] = { 0 };

	return fchmod(fd, mode) < 0 || (!geteuid() && fchown(fd, 0, 0) < 0) || futimens(fd, epoch) < 0 ? -errno : 0;
}

static int write_bytes(int dir, const char *name, const void *data, size_t len)
{
	auto_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fd_write(fd, data, len);

	return r ? r : set_owner_and_mode(fd, 0644);
}

static int write_tool(const struct toolchain *t, size_t i, int dir, struct err *e)
{
	auto_fd from = toolchain_open_file(t, i, e), to = -1;
	const char *name = t->files[i].name;
	int r;

	if (from < 0)
		return from;
	to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	r = to < 0 ? -errno : fd_copy(from, to);
	r = r ? r : set_owner_and_mode(to, 0755);
	fd_begin_writing(to);
	return r ? err_sys(e, -EIO, "%s/%s: %s", ENTRY_PLACE_ROOT, name, strerror(-r)) : 0;
}

static int write_index(const struct toolchain *t, const struct twins *twins, const char *place, int dir)
{
	auto_buf index = { 0 };
	int r = twins_index(t, twins, place, &index);

	return r ? r : write_bytes(dir, &ENTRY_INDEX[1], index.data, index.len);
}

static int make_directories(const struct toolchain *t, const struct twins *twins, int dir)
{
	static const char *const dirs[] = { TOOLCHAIN_FOLDERS };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (twins_has_folder(t, twins, dirs[i]) &&
			(mkdirat(dir, dirs[i], 0755) < 0 || fchmodat(dir, dirs[i], 0755, 0) < 0))
			return -errno;
	return 0;
}

enum { SHOWN_MIN = 1024 * 1024 };

/* Bind-mounts the machine's file here, read-only like the mount around it. false: copy it instead. */
static bool show_tool(const struct toolchain *t, size_t i, int dir)
{
	auto_fd from = toolchain_open_file(t, i, NULL), to = -1;
	char source[32], target[32];
	struct stat st;

	/* Many mounts cost more than copies of small files. */
	if (from < 0 || fstat(from, &st) < 0 || st.st_size < SHOWN_MIN || st.st_uid || (st.st_mode & 022) ||
		!(st.st_mode & 0444))
		return false;
	to = openat(dir, t->files[i].name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	if (to < 0)
		return false;
	snprintf(source, sizeof(source), "/proc/self/fd/%d", from);
	snprintf(target, sizeof(target), "/proc/self/fd/%d", to);
	if (!mount(source, target, NULL, MS_BIND, NULL))
		return true;
	unlinkat(dir, t->files[i].name, 0);
	return false;
}

int accelerate_show(int dir, const struct toolchain *t, const struct twins *twins, const char *place, struct err *e)
{
	int r = make_directories(t, twins, dir);

	r = r ? r : write_index(t, twins, place, dir);
	if (r)
		return err_sys(e, -EIO, "%s: %s", place, strerror(-r));
	for (size_t i = 0; !r && i < t->n_files; i++)
		if (twins_need(t, twins, i) && !show_tool(t, i, dir))
			r = write_tool(t, i, dir, e);
	return r;
}

static int fill_temporary(const struct toolchain *t, const struct twins *twins, const struct spot *spot, struct err *e)
{
	auto_fd dir = -1;
	auto_buf manifest = { 0 };
	char record[SPOT_RECORD_MAX];
	int len = snprintf(record, sizeof(record), "%d %lld %ld\n", spot->is_made,
		(long long)(spot->is_made ? spot->time.tv_sec : 0), spot->is_made ? spot->time.tv_nsec : 0L);
	int r = mkdirat(spot->own, SPOT_NEW, 0755) < 0 ? -errno : 0;

	dir = r ? -1 : openat(spot->own, SPOT_NEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!r && (dir < 0 || fchmod(dir, 0755) < 0))
		r = -errno;
	/* The record first: from now on, a later run can undo a killed one. */
	r = r ? r : write_bytes(dir, SPOT_RECORD, record, (size_t)len);
	r = r ? r : make_directories(t, twins, dir);
	r = r ? r : write_index(t, twins, ENTRY_PLACE_ROOT, dir);
	r = r ? r : twins_manifest(t, twins, &manifest);
	r = r ? r : write_bytes(dir, TOOLCHAIN_MANIFEST, manifest.data, manifest.len);
	if (r)
		return err_sys(e, -EIO, "%s: %s", ENTRY_PLACE_ROOT, strerror(-r));
	for (size_t i = 0; !r && i < t->n_files; i++)
		if (twins_need(t, twins, i))
			r = write_tool(t, i, dir, e);
	if (!r && syncfs(dir) < 0)
		r = err_sys(e, -EIO, "%s: %s", ENTRY_PLACE_ROOT, strerror(errno));
	return r;
}

static bool has_bytes(int dir, const char *name, const struct buf *want)
{
	auto_fd fd = fd_open_regular(dir, name, O_NOFOLLOW);
	auto_buf have = { 0 };

	return fd >= 0 && !fd_read_all(fd, BUF_LIMIT, &have) && have.len == want->len &&
	       !memcmp(have.data, want->data, want->len);
}

/* Whether exactly these tools are installed: the index has the identities, the manifest all digests. */
static bool is_same(const struct spot *spot, const struct toolchain *t, const struct twins *twins)
{
	auto_buf index = { 0 }, manifest = { 0 };
	auto_fd dir = openat(spot->own, SPOT_NAME, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return dir >= 0 && !twins_index(t, twins, ENTRY_PLACE_ROOT, &index) && !twins_manifest(t, twins, &manifest) &&
	       has_bytes(dir, &ENTRY_INDEX[1], &index) && has_bytes(dir, TOOLCHAIN_MANIFEST, &manifest);
}

/* Installs in one step: all of anyarch, native in it, or the new native in exchange for the old one. */
static int swap_in(struct spot *spot, bool has_old)
{
	if (has_old) {
		if (renameat2(spot->own, SPOT_NEW, spot->own, SPOT_NAME, RENAME_EXCHANGE) < 0)
			return -errno;
		return spot_remove_tree(spot->own, SPOT_NEW);
	}
	if (renameat2(spot->own, SPOT_NEW, spot->own, SPOT_NAME, RENAME_NOREPLACE) < 0)
		return -errno;
	if (!*spot->temporary)
		return fsync(spot->own) < 0 ? -errno : 0;
	if (renameat2(spot->above, spot->temporary, spot->above, SPOT_OWN, RENAME_NOREPLACE) < 0)
		return -errno;
	*spot->temporary = '\0';
	return fsync(spot->above) < 0 ? -errno : 0;
}

static int put(struct spot *spot, const struct toolchain *t, const struct twins *twins, struct err *e)
{
	bool was_made = spot->is_made, has_old = spot_has(spot, SPOT_NAME), is_made = false;
	struct timespec time = { 0 };
	int r;

	/* The record of the tools that are replaced has the state before the first run. */
	if (has_old && !spot_read_record(spot, SPOT_NAME, &is_made, &time))
		return spot_not_ours(e);
	if (is_made) {
		spot->is_made = true;
		spot->time = time;
	}
	r = spot_remove_tree(spot->own, SPOT_NEW);
	r = r ? r : spot_remove_tree(spot->own, SPOT_OLD);
	r = r ? err_sys(e, -EIO, SPOT_ABOVE "/" SPOT_OWN ": %s", strerror(-r)) : fill_temporary(t, twins, spot, e);
	if (!r) {
		r = swap_in(spot, has_old);
		r = r ? err_sys(e, -EIO, "%s: %s", ENTRY_PLACE_ROOT, strerror(-r)) : 0;
	}
	if (r) {
		spot_remove_tree(spot->own, SPOT_NEW);
		if (was_made)
			spot_remove_tree(spot->own, SPOT_NAME);
		spot_tidy(spot, was_made, &spot->time);
	}
	return r;
}

int accelerate_put(int root, const struct twins *twins, bool dry_run, enum inject_result *ret, struct err *e)
{
	auto_spot spot = SPOT_INIT;
	int r = spot_open_above(root, !dry_run, &spot, e);
	bool is_new, has_old;

	/* Everything that can be checked is checked before the first change. */
	if (r == -ENOENT)
		return err_set(e, -EBADMSG, SPOT_ABOVE ": no such directory");
	r = r ? r : spot_check(spot.above, SPOT_ABOVE, e);
	if (!r && !dry_run && spot_sweep(&spot))
		return err_set(e, -EIO, SPOT_ABOVE ": cannot remove the remains of a killed run");
	r = r ? r : spot_open_own(&spot, e);
	is_new = r == -ENOENT;
	r = r ? r : spot_check_mounts(&spot, e);
	if (r && !is_new)
		return r;
	has_old = !is_new && spot_has(&spot, SPOT_NAME);
	*ret = INJECT_UNCHANGED;
	if (has_old && is_same(&spot, twins->toolchain, twins))
		return 0;
	*ret = has_old ? INJECT_REPLACED : INJECT_DONE;
	if (dry_run)
		return 0;
	r = is_new ? spot_make(&spot, e) : 0;
	return r ? r : put(&spot, twins->toolchain, twins, e);
}
