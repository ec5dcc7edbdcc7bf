// SPDX-License-Identifier: MIT
/* The native tools for a foreign root, gathered from the machine. */
#include "accel/toolchain.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/dynamic.h"
#include "arch/elf.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "rootfs/beneath.h"

/* One gathering. */
struct gather {
	struct toolchain *t;
	char host[TOOLCHAIN_TRIPLET_MAX];  /* this machine's triplet, as in the names of directories */
	const struct toolchain_file *user; /* what needs the library that is looked for */
	bool only_compilers;
	struct err *e;
};

void toolchain_done(struct toolchain *t)
{
	for (size_t i = 0; i < t->n_files; i++) {
		free(t->files[i].name);
		free(t->files[i].source);
	}
	buf_done(&t->missing);
	packages_done(&t->packages);
	cleanup_fd(&t->dir);
	*t = (struct toolchain)TOOLCHAIN_INIT;
}

bool toolchain_is_shared(const struct toolchain *t, size_t file)
{
	return str_starts(t->files[file].name, "lib/") && !strchr(t->files[file].name + 4, '/');
}

int toolchain_open_beneath(void *directory, const char *path, struct stat *st)
{
	int fd = fd_reopen_regular(beneath_open(*(const int *)directory, path, O_PATH));

	if (fd >= 0 && fstat(fd, st) < 0) {
		cleanup_fd(&fd);
		return -EIO;
	}
	return fd;
}

/* Names in a root may be links, absolute ones among them; those in a directory of ours may not. */
int toolchain_open_file(const struct toolchain *t, size_t file, struct err *e)
{
	const char *source = t->files[file].source;
	struct stat st;
	int fd = *source == '/' ? t->root.open(t->root.context, source, &st)
				: fd_open_regular(t->dir, source, O_NOFOLLOW);

	return fd < 0 ? err_sys(e, fd, "%s", source) : fd;
}

/* A program or library of this machine, whole. */
static int check_file(int fd, const char *path, struct elf_info *info, struct err *e)
{
	int r = elf_read(fd, info, e);

	if (r)
		return err_prefix(e, "%s", path);
	if (elf_arch(&info->head) != arch_host())
		return err_set(e, -EBADMSG, "%s: not a program for this machine (%s)", path, arch_host()->qemu);
	if (info->is_truncated)
		return err_set(e, -EBADMSG, "%s: truncated: a segment ends after the end of the file", path);
	return 0;
}

static bool has_file(const struct toolchain *t, const char *name)
{
	for (size_t i = 0; i < t->n_files; i++)
		if (!strcmp(t->files[i].name, name))
			return true;
	return false;
}

static int add_file(struct toolchain *t, const char *name, const char *source, int fd, struct err *e)
{
	struct toolchain_file *file = &t->files[t->n_files];
	struct stat st;

	if (t->n_files == TOOLCHAIN_FILES_MAX)
		return err_set(e, -E2BIG, "more than %d files", TOOLCHAIN_FILES_MAX);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "%s", source);
	if (st.st_size > TOOLCHAIN_FILE_MAX)
		return err_set(e, -E2BIG, "%s: larger than %d MiB", source, TOOLCHAIN_FILE_MAX >> 20);
	*file = (struct toolchain_file){
		.name = mem_text(name), .source = mem_text(source), .size = (uint64_t)st.st_size
	};
	t->n_files++;
	return 0;
}

int toolchain_digest(struct toolchain *t, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < t->n_files && !(r = stop_check(e)); i++) {
		auto_fd fd = -1;

		if (*t->files[i].digest)
			continue;
		fd = toolchain_open_file(t, i, e);
		r = fd < 0 ? fd : digest_file(fd, t->files[i].digest);
		if (r && fd >= 0)
			err_sys(e, r, "%s", t->files[i].source);
	}
	return r;
}

static int open_source(const struct gather *g, const char *path)
{
	struct stat st;

	return g->t->root.open(g->t->root.context, path, &st);
}

static int add_needed(struct gather *g, int fd);

/* The directories of ld.so(8) and of Debian's multiarch. */
static const struct {
	const char *dir;
	bool is_multiarch;
} library_dirs[] = { { "/lib/", true }, { "/usr/lib/", true }, { "/lib64", false }, { "/usr/lib64", false },
	{ "/lib", false }, { "/usr/lib", false } };

static int open_library(const struct gather *g, const char *name, struct buf *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(library_dirs); i++) {
		int fd;

		buf_done(path);
		buf_addf(path, "%s%s/%s", library_dirs[i].dir, library_dirs[i].is_multiarch ? g->host : "", name);
		fd = open_source(g, buf_text(path));
		if (fd >= 0)
			return fd;
	}
	return err_set(g->e, -ENOENT, "%s needs the library %s, which is not there", g->user->source, name);
}

/* What a file needs; what that needs is added with it. */
static int add_library(struct gather *g, const char *name)
{
	auto_buf own = { 0 }, path = { 0 };
	struct elf_info info;
	auto_fd fd = -1;
	int r;

	buf_addf(&own, "lib/%s", name);
	if (strchr(name, '/') || !*name || strlen(name) > 128)
		return err_set(g->e, -EBADMSG, "%s needs a library of a strange name", g->user->source);
	if (has_file(g->t, buf_text(&own)) || str_starts(name, "ld-linux"))
		return 0;
	fd = open_library(g, name, &path);
	r = fd < 0 ? fd : check_file(fd, buf_text(&path), &info, g->e);
	if (!r)
		r = add_file(g->t, buf_text(&own), buf_text(&path), fd, g->e);
	return r ? r : add_needed(g, fd);
}

static int add_needed(struct gather *g, int fd)
{
	const struct toolchain_file *user = g->user;
	struct dynamic dynamic;
	int r = dynamic_read(fd, &dynamic);

	g->user = &g->t->files[g->t->n_files - 1];
	if (r)
		err_set(g->e, r, "%s: its dynamic section cannot be read", g->user->source);
	for (size_t i = 0; !r && i < dynamic.n_needed; i++)
		r = add_library(g, dynamic.needed[i]);
	g->user = user;
	dynamic_done(&dynamic);
	return r;
}

/* All programs of a machine have the same. */
static int add_loader(struct gather *g, const char *interpreter)
{
	auto_buf bytes = { 0 };
	auto_fd fd = -1;
	int r;

	if (has_file(g->t, TOOLCHAIN_LOADER))
		return 0;
	fd = open_source(g, interpreter);
	if (fd < 0)
		return err_sys(g->e, fd, "%s", interpreter);
	r = fd_read_all(fd, TOOLCHAIN_FILE_MAX, &bytes);
	if (r)
		return err_sys(g->e, r, "%s", interpreter);
	if (!memmem(bytes.data, bytes.len, "--argv0", 7))
		return err_set(
			g->e, -EOPNOTSUPP, "%s: its glibc is older than 2.33, and does not know --argv0", interpreter);
	return add_file(g->t, TOOLCHAIN_LOADER, interpreter, fd, g->e);
}

static int read_identity(const struct toolchain *t, int fd, const struct tool_kind *kind, struct identity *ret)
{
	if (tool_compiles(kind))
		return identity_read(fd, true, kind->identity, kind->has_target ? t->triplet : NULL, ret);
	return tool_read_package(kind, &t->packages, &t->root, fd, ret);
}

static int add_tool(struct gather *g, const struct tool_kind *kind, const char *version, const char *path, int fd)
{
	struct toolchain *t = g->t;
	struct toolchain_tool *tool = &t->tools[t->n_tools];
	auto_buf name = { 0 };
	struct elf_info info;
	int r = check_file(fd, path, &info, g->e);

	if (t->n_tools == TOOLCHAIN_TOOLS_MAX)
		return 0;
	if (r)
		return r;
	if (info.has_interpreter)
		r = add_loader(g, info.interpreter);
	*tool = (struct toolchain_tool){ .kind = kind };
	snprintf(tool->version, sizeof(tool->version), "%s", version);
	if (!r) {
		r = read_identity(t, fd, kind, &tool->identity);
		if (!r && !tool_compiles(kind))
			return 0; /* not as a package brought it */
		r = r < 0 ? err_sys(g->e, r, "%s", path)
		    : r	  ? 0
			  : err_set(g->e, -EBADMSG, "%s: cannot determine its version", path);
	}
	tool_expand(&name, kind->file, t->triplet, version, "");
	tool->file = t->n_files;
	r = r ? r : add_file(t, buf_text(&name), path, fd, g->e);
	if (r)
		return r;
	t->n_tools++;
	return add_needed(g, fd);
}

static void note_missing(struct toolchain *t, const struct tool_kind *kind)
{
	auto_buf line = { 0 };

	tool_package(&line, kind, t->triplet);
	buf_adds(&line, "\n");
	if (!strstr(buf_text(&t->missing), buf_text(&line)))
		buf_adds(&t->missing, buf_text(&line));
}

static int try_tool(struct gather *g, const struct tool_kind *kind, const char *version)
{
	auto_buf path = { 0 };
	auto_fd fd = -1;

	tool_expand(&path, kind->native, g->t->triplet, version, "");
	fd = open_source(g, buf_text(&path));
	if (fd == -ENOENT && !tool_compiles(kind)) { /* where /bin is a directory of its own */
		buf_done(&path);
		buf_adds(&path, kind->twins[1]);
		fd = open_source(g, kind->twins[1]);
	}
	if (fd == -ENOENT || fd == -ENOTDIR || (fd == -EBADMSG && !tool_compiles(kind))) {
		if (tool_compiles(kind))
			note_missing(g->t, kind);
		return 0;
	}
	return fd < 0 ? err_sys(g->e, fd, "%s", buf_text(&path)) : add_tool(g, kind, version, buf_text(&path), fd);
}

enum { VERSIONS_MAX = 4 };

static int compare_versions(const void *a, const void *b)
{
	return strverscmp(b, a);
}

/* GCC's versions that are there, the newest first. */
static size_t find_versions(const struct gather *g, char versions[VERSIONS_MAX][8])
{
	auto_buf path = { 0 };
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;
	int fd;

	buf_addf(&path, "/usr/lib/gcc-cross/%s", g->t->triplet);
	fd = beneath_open(g->t->dir, buf_text(&path), O_RDONLY | O_DIRECTORY);
	dir = fd < 0 ? NULL : fd_list(fd);
	while (dir && n < VERSIONS_MAX && (entry = readdir(dir)))
		if (isdigit((unsigned char)*entry->d_name) && strlen(entry->d_name) < sizeof(versions[0]) &&
			entry->d_name[strspn(entry->d_name, "0123456789.")] == '\0')
			snprintf(versions[n++], sizeof(versions[0]), "%.7s", entry->d_name);
	if (dir)
		closedir(dir);
	qsort(versions, n, sizeof(versions[0]), compare_versions);
	return n;
}

static int add_tools(struct gather *g)
{
	char versions[VERSIONS_MAX][8];
	size_t n = find_versions(g, versions);
	int r = 0;

	for (const struct tool_kind *kind = tool_kinds; !r && kind->name; kind++) {
		if (!tool_compiles(kind) && (g->only_compilers || !tool_fits(kind, g->t->platform.arch)))
			continue;
		if (!tool_is_versioned(kind)) {
			r = try_tool(g, kind, "");
			continue;
		}
		for (size_t i = 0; !r && i < n; i++)
			r = try_tool(g, kind, versions[i]);
		if (!n)
			note_missing(g->t, kind);
	}
	return r;
}

/* "A\nB\n" as words of a command. */
static void join_lines(struct buf *out, const struct buf *lines)
{
	for (const char *p = buf_text(lines); *p; p++)
		if (*p != '\n')
			buf_add(out, p, 1);
		else if (p[1])
			buf_adds(out, " ");
}

static int no_tools(const struct toolchain *t, struct err *e)
{
	auto_buf words = { 0 };

	join_lines(&words, &t->missing);
	err_set(e, -ENOENT, "this machine has no cross tools for %s", t->triplet);
	return err_hint(e, "apt-get install --no-install-recommends %s", buf_text(&words));
}

int toolchain_gather(
	const char *root, const struct platform *platform, bool only_compilers, struct toolchain *ret, struct err *e)
{
	struct platform own = { .arch = arch_host() };
	struct gather g = { .t = ret, .only_compilers = only_compilers, .e = e };
	struct name_words words = name_words(platform), host = name_words(&own);
	int r;

	*ret = (struct toolchain){ .platform = *platform, .dir = -1, .root = { toolchain_open_beneath, &ret->dir } };
	snprintf(ret->triplet, sizeof(ret->triplet), "%s", words.gnu);
	snprintf(g.host, sizeof(g.host), "%s", host.gnu);
	if (!*ret->triplet)
		return err_set(e, -ENOENT, "%s: no compiler of a distribution is for it", platform->arch->qemu);
	ret->dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->dir < 0)
		return err_sys(e, -errno, "%s", root);
	r = packages_read(&ret->root, host.debian, &ret->packages);
	r = r ? err_sys(e, r, PACKAGES_STATUS) : add_tools(&g);
	if (!r && !ret->n_tools)
		r = no_tools(ret, e);
	if (r)
		toolchain_done(ret);
	return r;
}
