// SPDX-License-Identifier: MIT
/* Native tools in a directory of their own: written whole or not at all, and read without believing it. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "accel/toolchain.h"
#include "arch/elf.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/kernel.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"

enum { MANIFEST_MAX = 1024 * 1024 };

static struct json *tool_json(const struct toolchain *t, const struct toolchain_tool *tool)
{
	auto_buf twin = { 0 };
	struct json *o = jv_object();

	tool_expand(&twin, tool->kind->twins[0], t->triplet, tool->version, "");
	jv_set(o, "name", jv_text(tool->kind->name));
	jv_set(o, "file", jv_text(t->files[tool->file].name));
	jv_set(o, "stands_for", jv_text(buf_text(&twin)));
	jv_set(o, "path_version", jv_text(*tool->version ? tool->version : NULL));
	jv_set(o, "version", jv_text(*tool->identity.version ? tool->identity.version : NULL));
	jv_set(o, "package", jv_text(*tool->identity.package ? tool->identity.package : NULL));
	jv_set(o, "target", jv_text(tool_compiles(tool->kind) ? t->triplet : NULL));
	return o;
}

struct json *toolchain_manifest(const struct toolchain *t, const bool *keep)
{
	struct json *o = jv_object(), *tools = jv_array(), *files = jv_array();
	auto_buf platform = { 0 };

	name_platform(&platform, t->platform.arch, t->platform.variant);
	for (size_t i = 0; i < t->n_tools; i++)
		if (!keep || keep[t->tools[i].file])
			jv_push(tools, tool_json(t, &t->tools[i]));
	for (size_t i = 0; i < t->n_files; i++) {
		struct json *file;

		if (keep && !keep[i])
			continue;
		file = jv_object();
		jv_set(file, "name", jv_text(t->files[i].name));
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

/* Directories of a name below dir, which is new. */
static int make_parents(int dir, const char *name)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		char path[PATH_MAX];

		if ((size_t)(slash - name) >= sizeof(path))
			return -ENAMETOOLONG;
		memcpy(path, name, (size_t)(slash - name));
		path[slash - name] = '\0';
		if (mkdirat(dir, path, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int write_file(const struct toolchain *t, size_t i, int dir, struct err *e)
{
	const struct toolchain_file *file = &t->files[i];
	auto_fd from = toolchain_open_file(t, i, e), to = -1;
	static const struct timespec epoch[2] = { 0 };
	int r;

	if (from < 0)
		return from;
	r = make_parents(dir, file->name);
	to = r ? -1 : openat(dir, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	r = r ? r : to < 0 ? -errno : fd_copy(from, to);
	if (!r && (fchmod(to, 0755) < 0 || futimens(to, epoch) < 0))
		r = -errno;
	return r ? err_sys(e, -EIO, "%s", file->name) : 0;
}

static int write_manifest(const struct toolchain *t, int dir, struct err *e)
{
	auto_json *o = toolchain_manifest(t, NULL);
	static const struct timespec epoch[2] = { 0 };
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

static const char *const dirs[] = { TOOLCHAIN_FOLDERS };

/* The directories' too, now that nothing is put into them any more. */
static int settle_times(int dir, struct err *e)
{
	static const struct timespec epoch[2] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (utimensat(dir, dirs[i], epoch, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return err_sys(e, -EIO, "%s", dirs[i]);
	return futimens(dir, epoch) < 0 ? err_sys(e, -EIO, "its time") : 0;
}

/* Whatever this run has made. */
static void remove_all(const struct toolchain *t, const char *path, int dir)
{
	for (size_t i = 0; i < t->n_files; i++)
		unlinkat(dir, t->files[i].name, 0);
	unlinkat(dir, TOOLCHAIN_MANIFEST, 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		unlinkat(dir, dirs[i], AT_REMOVEDIR);
	rmdir(path);
}

int toolchain_write(struct toolchain *t, const char *path, struct err *e)
{
	auto_buf temporary = { 0 };
	auto_fd dir = -1;
	int r;

	buf_addf(&temporary, "%s.anyarch-new", path);
	if (!access(path, F_OK))
		return err_sys(e, -EEXIST, "%s", path);
	if (mkdir(buf_text(&temporary), 0755) < 0)
		return err_sys(e, -errno, "%s", buf_text(&temporary));
	dir = open(buf_text(&temporary), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = dir < 0 ? err_sys(e, -errno, "%s", path) : toolchain_digest(t, e);
	for (size_t i = 0; !r && i < t->n_files && !(r = stop_check(e)); i++)
		r = write_file(t, i, dir, e);
	r = r ? r : write_manifest(t, dir, e);
	r = r ? r : settle_times(dir, e);
	if (!r && renameat2(AT_FDCWD, buf_text(&temporary), AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		r = err_sys(e, -errno, "%s", path);
	if (r && dir >= 0)
		remove_all(t, buf_text(&temporary), dir);
	return r;
}

/* ---- reading ---- */

/* FOLDER/NAME: letters, digits, and what else is in names of programs. */
static bool is_good_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *base = name + strlen(dirs[i]) + 1;

		if (str_starts(name, dirs[i]) && base[-1] == '/')
			return *base && *base != '.' &&
			       base[strspn(base,
				       "[abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_")] == '\0';
	}
	return false;
}

static int bad_manifest(struct err *e, const char *what)
{
	return err_set(e, -EBADMSG, TOOLCHAIN_MANIFEST ": %s", what);
}

/* No link on the way: openat2() would say the same where the kernel has it. */
static int open_member(int dir, const char *name)
{
	char part[64];
	auto_fd at = -1;
	const char *slash;

	while ((slash = strchr(name, '/'))) {
		int next;

		if ((size_t)(slash - name) >= sizeof(part))
			return -ENAMETOOLONG;
		memcpy(part, name, (size_t)(slash - name));
		part[slash - name] = '\0';
		next = openat(at < 0 ? dir : at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		cleanup_fd(&at);
		at = next;
		name = slash + 1;
	}
	return fd_open_regular(at < 0 ? dir : at, name, O_NOFOLLOW);
}

static int check_member(const struct toolchain *t, size_t i, struct err *e)
{
	const struct toolchain_file *file = &t->files[i];
	auto_fd fd = open_member(t->dir, file->name);
	char digest[DIGEST_TEXT];
	struct elf_info info;
	struct stat st;
	int r;

	if (fd < 0)
		return err_sys(e, fd == -ELOOP ? -EBADMSG : fd, "%s", file->name);
	r = elf_read(fd, &info, e);
	if (r)
		return err_prefix(e, "%s", file->name);
	if (elf_arch(&info.head) != arch_host())
		return err_set(e, -EBADMSG, "%s: not a program for this machine (%s)", file->name, arch_host()->qemu);
	if (info.is_truncated || fstat(fd, &st) < 0 || (uint64_t)st.st_size != file->size)
		return err_set(e, -EBADMSG, "%s: truncated", file->name);
	r = digest_file(fd, digest);
	if (r)
		return err_sys(e, r, "%s", file->name);
	return strcmp(digest, file->digest) ? err_set(e, -EBADMSG, "%s: not what the manifest says", file->name) : 0;
}

static int read_files(const struct json *list, struct toolchain *t, struct err *e)
{
	for (size_t i = 0; i < jv_count(list); i++) {
		const struct json *o = jv_at(list, i);
		const char *name = jv_get_text(o, "name"), *digest = jv_get_text(o, "digest");
		struct toolchain_file *file = &t->files[t->n_files];
		int r;

		if (t->n_files == TOOLCHAIN_FILES_MAX || !name || !is_good_name(name) || !digest ||
			!digest_is_valid(digest) || !jv_get_size(o, "size", &file->size) ||
			file->size > TOOLCHAIN_FILE_MAX)
			return bad_manifest(e, "a file in it cannot be");
		t->n_files++;
		file->name = mem_text(name);
		file->source = mem_text(name);
		snprintf(file->digest, sizeof(file->digest), "%s", digest);
		r = check_member(t, t->n_files - 1, e);
		if (r)
			return r;
	}
	return 0;
}

static const struct tool_kind *find_kind(const char *name)
{
	const struct tool_kind *kind = tool_kinds;

	while (kind->name && strcmp(kind->name, name))
		kind++;
	return kind->name ? kind : NULL;
}

/* Which tool a file is, is read from the file; the manifest only says where to look. */
static int read_tool(const struct json *o, struct toolchain *t, struct err *e)
{
	const char *name = jv_get_text(o, "name"), *version = jv_get_text(o, "path_version"),
		   *file = jv_get_text(o, "file");
	const struct tool_kind *kind = name ? find_kind(name) : NULL;
	struct toolchain_tool *tool = &t->tools[t->n_tools];
	auto_buf want = { 0 };
	auto_fd fd = -1;

	version = version ? version : "";
	if (!kind || !file || strlen(version) >= sizeof(tool->version) || version[strspn(version, "0123456789.")] ||
		t->n_tools == TOOLCHAIN_TOOLS_MAX)
		return bad_manifest(e, "it contains an unknown tool");
	*tool = (struct toolchain_tool){ .kind = kind };
	snprintf(tool->version, sizeof(tool->version), "%s", version);
	tool_expand(&want, kind->file, t->triplet, version, "");
	while (tool->file < t->n_files && strcmp(t->files[tool->file].name, buf_text(&want)))
		tool->file++;
	if (tool->file == t->n_files || strcmp(file, buf_text(&want)))
		return bad_manifest(e, "a tool in it has no file");
	fd = open_member(t->dir, t->files[tool->file].name);
	if (fd < 0 ||
		identity_read(fd, false, kind->identity, kind->has_target ? t->triplet : NULL, &tool->identity) != 1)
		return err_set(
			e, -EBADMSG, "%s: its version or target is not that of %s", t->files[tool->file].name, name);
	t->n_tools++;
	return 0;
}

static int read_manifest(const struct json *o, struct toolchain *t, struct err *e)
{
	const char *platform = jv_get_text(o, "platform"), *host = jv_get_text(o, "host");
	const struct json *tools = jv_get(o, "tools");
	int r;

	if (!platform || name_parse(platform, strlen(platform), &t->platform, e))
		return platform ? err_prefix(e, TOOLCHAIN_MANIFEST) : bad_manifest(e, "it names no platform");
	if (!host || strcmp(host, arch_host()->qemu))
		return bad_manifest(e, "its tools are for another machine");
	snprintf(t->triplet, sizeof(t->triplet), "%s", name_words(&t->platform).gnu);
	r = read_files(jv_get(o, "files"), t, e);
	for (size_t i = 0; !r && i < jv_count(tools); i++)
		r = read_tool(jv_at(tools, i), t, e);
	if (!r && !t->n_tools)
		r = bad_manifest(e, "it contains no tool");
	return r;
}

int toolchain_open(const char *path, struct toolchain *ret, struct err *e)
{
	auto_json *o = NULL;
	auto_buf text = { 0 };
	auto_fd fd = -1;
	int r;

	*ret = (struct toolchain)TOOLCHAIN_INIT;
	ret->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->dir < 0)
		return err_sys(e, -errno, "%s", path);
	fd = fd_open_regular(ret->dir, TOOLCHAIN_MANIFEST, O_NOFOLLOW);
	r = fd < 0 ? err_sys(e, fd, TOOLCHAIN_MANIFEST) : 0;
	if (!r && fd_read_all(fd, MANIFEST_MAX, &text))
		r = bad_manifest(e, "it is too large, or cannot be read");
	o = r ? NULL : jv_load(buf_text(&text), text.len, e);
	r = r ? r : !o ? (err_prefix(e, TOOLCHAIN_MANIFEST), -EBADMSG) : read_manifest(o, ret, e);
	if (r) {
		toolchain_done(ret);
		return err_prefix(e, "%s", path);
	}
	return 0;
}
