// SPDX-License-Identifier: MIT
/* Writes native tools to a directory, which is a root with nothing else, atomically. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "accel/place.h"
#include "accel/toolchain.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/kernel.h"
#include "base/memory.h"
#include "base/stop.h"

static const char *told_path(const struct toolchain *t, size_t file, const bool *keep)
{
	return keep ? t->files[file].name : &t->files[file].source[1];
}

struct json *toolchain_manifest(const struct toolchain *t, const bool *keep)
{
	struct json *o = jv_object(), *tools = jv_array(), *files = jv_array();
	auto_buf platform = { 0 };

	name_platform(&platform, t->platform.arch, t->platform.variant);
	for (size_t i = 0; i < t->n_tools; i++) {
		const struct toolchain_tool *tool = &t->tools[i];
		auto_buf twin = { 0 };
		struct json *one;

		if (keep && !keep[tool->file])
			continue;
		one = jv_object();
		toolchain_stands_for(t, tool, &twin);
		jv_set(one, "name", jv_text(tool->kind->name));
		jv_set(one, "file", jv_text(told_path(t, tool->file, keep)));
		jv_set(one, "stands_for", jv_text(buf_text(&twin)));
		jv_set(one, "path_version", jv_text(*tool->version ? tool->version : NULL));
		jv_set(one, "version", jv_text(*tool->identity.version ? tool->identity.version : NULL));
		jv_set(one, "package", jv_text(*tool->identity.package ? tool->identity.package : NULL));
		jv_set(one, "target", jv_text(tool_compiles(tool->kind) ? t->triplet : NULL));
		jv_push(tools, one);
	}
	for (size_t i = 0; i < t->n_files; i++) {
		struct json *file;

		if (keep && !keep[i])
			continue;
		file = jv_object();
		jv_set(file, "name", jv_text(told_path(t, i, keep)));
		jv_set(file, "size", jv_uint(t->files[i].size));
		jv_set(file, "digest", jv_text(t->files[i].digest));
		jv_push(files, file);
	}
	jv_set(o, "platform", jv_text(buf_text(&platform)));
	jv_set(o, "target", jv_text(t->triplet));
	jv_set(o, "host", jv_text(arch_host()->qemu));
	jv_set(o, "tools", tools);
	jv_set(o, "files", files);
	return o;
}

static const struct timespec epoch[2];

/* Creates the parent directories of a name below dir or, with settles, sets their times once nothing more is added. */
static int each_parent(int dir, const char *name, bool settles)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		auto_free char *path = mem_part(name, (size_t)(slash - name));

		if (settles ? utimensat(dir, path, epoch, AT_SYMLINK_NOFOLLOW) < 0
			    : mkdirat(dir, path, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int write_file(const struct toolchain *t, size_t i, int dir, struct err *e)
{
	const char *path = &t->files[i].source[1];
	auto_fd from = toolchain_open_file(t, i, e), to = -1;
	int r;

	if (from < 0)
		return from;
	r = each_parent(dir, path, false);
	to = r ? -1 : openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	r = r ? r : to < 0 ? -errno : fd_copy(from, to);
	if (!r && (fchmod(to, 0755) < 0 || futimens(to, epoch) < 0))
		r = -errno;
	return r ? err_sys(e, -EIO, "%s", path) : 0;
}

static int write_manifest(const struct toolchain *t, int dir, struct err *e)
{
	auto_json *o = toolchain_manifest(t, NULL);
	auto_fd fd = openat(dir, TOOLCHAIN_MANIFEST, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int r;

	if (!out)
		return err_sys(e, -EIO, TOOLCHAIN_MANIFEST);
	take_fd(&fd);
	r = jv_write(o, out);
	if (!r && (fflush(out) || fchmod(fileno(out), 0644) < 0 || futimens(fileno(out), epoch) < 0))
		r = -errno;
	if (fclose(out) && !r)
		r = -EIO;
	return r ? err_sys(e, -EIO, TOOLCHAIN_MANIFEST) : 0;
}

/*
 * Makes a directory that is locked while it is filled, or empties one that a killed run has left. It has another name
 * when the run that had it locked is done.
 */
static int open_temporary(const char *path, struct err *e)
{
	bool is_new = !mkdir(path, 0755);
	auto_fd dir = is_new || errno == EEXIST ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	auto_dir list = NULL;
	const struct dirent *entry;
	struct stat st, now;
	int r = 0;

	if (dir < 0 || fstat(dir, &st) < 0)
		return err_sys(e, -errno, "%s", path);
	if (st.st_uid != geteuid())
		return err_sys(e, -EEXIST, "%s", path);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0 || lstat(path, &now) < 0 || now.st_ino != st.st_ino)
		return err_set(e, -EBUSY, "%s: another run is writing to it", path);
	list = is_new ? NULL : fd_list_at(dir, ".");
	while (!r && list && (entry = fd_next(list)))
		r = spot_remove_tree(dir, entry->d_name);
	return r ? err_sys(e, r, "%s", path) : take_fd(&dir);
}

int toolchain_write(struct toolchain *t, const char *path, struct err *e)
{
	auto_buf temporary = { 0 };
	auto_fd dir = -1;
	int r;

	buf_addf(&temporary, "%s.anyarch-new", path);
	if (!access(path, F_OK))
		return err_sys(e, -EEXIST, "%s", path);
	dir = open_temporary(buf_text(&temporary), e);
	if (dir < 0)
		return dir;
	r = toolchain_digest(t, e);
	for (size_t i = 0; !r && i < t->n_files && !(r = stop_check(e)); i++)
		r = write_file(t, i, dir, e);
	r = r ? r : write_manifest(t, dir, e);
	for (size_t i = 0; !r && i < t->n_files; i++)
		if (each_parent(dir, &t->files[i].source[1], true) || futimens(dir, epoch) < 0)
			r = err_sys(e, -EIO, "%s", path);
	if (!r && renameat2(AT_FDCWD, buf_text(&temporary), AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		r = err_sys(e, -errno, "%s", path);
	if (r)
		spot_remove_tree(AT_FDCWD, buf_text(&temporary));
	return r;
}
