// SPDX-License-Identifier: MIT
/* Gathers the native tools for a foreign root. */
#include "accel/toolchain.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "arch/dynamic.h"
#include "arch/elf.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"
#include "rootfs/beneath.h"

/* State of gathering. */
struct gather {
	struct toolchain *t;
	char host[TOOLCHAIN_TRIPLET_MAX];  /* this machine's triplet, as in directory names */
	const struct toolchain_file *user; /* the file that needs the current library */
	bool only_compilers, is_set;
	struct err *e;
};

enum { MANIFEST_MAX = 1024 * 1024 };

void toolchain_done(struct toolchain *t)
{
	for (size_t i = 0; i < t->n_files; i++) {
		free(t->files[i].name);
		free(t->files[i].source);
		cleanup_fd(&t->files[i].fd);
	}
	buf_done(&t->missing);
	packages_done(&t->packages);
	cleanup_fd(&t->dir);
	*t = (struct toolchain)TOOLCHAIN_INIT;
}

void toolchain_stands_for(const struct toolchain *t, const struct toolchain_tool *tool, struct buf *out)
{
	bool is_below_libexec = str_starts(t->files[tool->file].source, "/usr/libexec/");

	tool_expand(out, tool->kind->twins[is_below_libexec], t->triplet, tool->version, "");
}

bool toolchain_is_shared(const struct toolchain *t, size_t file)
{
	return str_starts(t->files[file].name, "lib/") && !strchr(t->files[file].name + 4, '/');
}

int toolchain_open_beneath(void *directory, const char *path, struct stat *st)
{
	int fd = fd_reopen_regular(beneath_open(*(const int *)directory, path, O_PATH));

	if (fd == -EAGAIN) /* endless renames; to callers it would mean "can be opened later" */
		return -EIO;
	if (fd >= 0 && fstat(fd, st) < 0) {
		cleanup_fd(&fd);
		return -EIO;
	}
	return fd;
}

int toolchain_open_file(const struct toolchain *t, size_t file, struct err *e)
{
	const struct toolchain_file *f = &t->files[file];
	struct stat st;
	int fd = f->fd >= 0 ? fd_reopen_regular(fcntl(f->fd, F_DUPFD_CLOEXEC, 3))
			    : t->root.open(t->root.context, f->source, &st);

	return fd < 0 ? err_sys(e, fd, "%s", f->source) : fd;
}

/* Checks that a file is a complete program or library for this machine. */
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
		.name = mem_text(name), .source = mem_text(source), .size = (uint64_t)st.st_size, .fd = -1
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

/* The default directories of ld.so(8) and Debian's multiarch. */
static const struct {
	const char *dir;
	bool is_multiarch;
} library_dirs[] = { { "/lib/", true }, { "/usr/lib/", true }, { "/lib64", false }, { "/usr/lib64", false },
	{ "/lib", false }, { "/usr/lib", false } };

/* Adds a library that a file needs, and the libraries that it needs. */
static int add_library(struct gather *g, const char *name)
{
	auto_buf own = { 0 }, path = { 0 };
	struct elf_info info;
	auto_fd fd = -ENOENT;
	int r;

	buf_addf(&own, "lib/%s", name);
	if (strchr(name, '/') || !*name || strlen(name) > 128)
		return err_set(g->e, -EBADMSG, "%s needs a library of a strange name", g->user->source);
	/* The loaders themselves, one of which is also musl's C library. */
	if (has_file(g->t, buf_text(&own)) || str_starts(name, "ld-linux") || str_starts(name, "libc.musl-"))
		return 0;
	for (size_t i = 0; fd < 0 && i < ARRAY_SIZE(library_dirs); i++) {
		buf_done(&path);
		buf_addf(&path, "%s%s/%s", library_dirs[i].dir, library_dirs[i].is_multiarch ? g->host : "", name);
		fd = open_source(g, buf_text(&path));
		if (fd == -EAGAIN)
			return 0;
	}
	if (fd < 0)
		return err_set(g->e, -ENOENT, "%s needs the library %s, which is not there", g->user->source, name);
	r = check_file(fd, buf_text(&path), &info, g->e);
	r = r ? r : add_file(g->t, buf_text(&own), buf_text(&path), fd, g->e);
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

/* Adds the loader, which all programs of a machine share. */
static int add_loader(struct gather *g, const char *interpreter)
{
	bool is_musl = str_starts(interpreter, "/lib/ld-musl-");
	auto_buf bytes = { 0 };
	auto_fd fd = -1;
	int r;

	if (has_file(g->t, TOOLCHAIN_LOADER))
		return is_musl == g->t->is_musl ? 0
						: err_set(g->e, -EBADMSG, "%s: not the others' loader", interpreter);
	fd = open_source(g, interpreter);
	if (fd == -EAGAIN)
		return 0;
	if (fd < 0)
		return err_sys(g->e, fd, "%s", interpreter);
	r = fd_read_all(fd, TOOLCHAIN_FILE_MAX, &bytes);
	if (r)
		return err_sys(g->e, r, "%s", interpreter);
	if (!(is_musl ? memmem(bytes.data, bytes.len, "argv0", 6) : memmem(bytes.data, bytes.len, "--argv0", 7)))
		return err_set(g->e, -EOPNOTSUPP, "%s: its %s, and does not know --argv0", interpreter,
			is_musl ? "musl is older than 1.2" : "glibc is older than 2.33");
	g->t->is_musl = is_musl;
	return add_file(g->t, TOOLCHAIN_LOADER, interpreter, fd, g->e);
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
	r = !r && info.has_interpreter ? add_loader(g, info.interpreter) : r;
	if (r)
		return r;
	*tool = (struct toolchain_tool){ .kind = kind, .file = t->n_files };
	snprintf(tool->version, sizeof(tool->version), "%s", version);
	r = tool_compiles(kind)
		    ? identity_read(fd, true, kind->identity, kind->has_target ? t->triplet : NULL, &tool->identity)
		    : tool_read_package(kind, &t->packages, &t->root, fd, &tool->identity);
	if (!r && !tool_compiles(kind))
		return 0; /* changed since its package was installed */
	if (r <= 0)
		return r ? err_sys(g->e, r, "%s", path)
			 : err_set(g->e, -EBADMSG, "%s: cannot determine its version", path);
	tool_expand(&name, kind->file, t->triplet, version, "");
	r = add_file(t, buf_text(&name), path, fd, g->e);
	if (r)
		return r;
	t->n_tools++;
	return add_needed(g, fd);
}

static int try_tool(struct gather *g, const struct tool_kind *kind, const char *version)
{
	auto_buf path = { 0 };
	auto_fd fd = -1;

	/* GCC is below libexec since Debian 13; /bin may be a directory of its own. */
	for (size_t i = 0; fd < 0 && i < ARRAY_SIZE(kind->native) && kind->native[i]; i++) {
		buf_done(&path);
		tool_expand(&path, kind->native[i], g->t->triplet, version, "");
		fd = open_source(g, buf_text(&path));
		if (fd != -ENOENT && fd != -ENOTDIR)
			break;
	}
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -EAGAIN || (fd == -EBADMSG && !tool_compiles(kind)))
		return 0;
	return fd < 0 ? err_sys(g->e, fd, "%s", buf_text(&path)) : add_tool(g, kind, version, buf_text(&path), fd);
}

static int add_tools(struct gather *g)
{
	int r = 0;

	for (const struct tool_kind *kind = tool_kinds; !r && kind->name; kind++) {
		size_t before = g->t->n_tools;

		if (!tool_compiles(kind) && (g->only_compilers || !tool_fits(kind, g->t->platform.arch)))
			continue;
		if (!tool_is_versioned(kind))
			r = try_tool(g, kind, "");
		for (int i = TOOL_VERSION_NEWEST; !r && i >= TOOL_VERSION_OLDEST && tool_is_versioned(kind); i--) {
			char version[8];

			snprintf(version, sizeof(version), "%d", i);
			r = try_tool(g, kind, version);
		}
		if (tool_compiles(kind) && g->t->n_tools == before) {
			auto_buf line = { 0 };

			tool_package(&line, kind, g->t->triplet);
			buf_adds(&line, "\n");
			if (!strstr(buf_text(&g->t->missing), buf_text(&line)))
				buf_adds(&g->t->missing, buf_text(&line));
		}
	}
	return r;
}

static int no_tools(const struct gather *g)
{
	auto_buf words = { 0 };

	for (const char *p = buf_text(&g->t->missing); *p; p++)
		if (*p != '\n' || p[1])
			buf_add(&words, *p == '\n' ? " " : p, 1);
	err_set(g->e, -ENOENT, "%s no cross tools for %s", g->is_set ? "it contains" : "this machine has",
		g->t->triplet);
	return err_hint(g->e, "%sapt-get install --no-install-recommends %s", g->is_set ? "install them in it: " : "",
		buf_text(&words));
}

static int bad_manifest(const struct gather *g, const char *what)
{
	return err_set(g->e, -EBADMSG, "%s: not what " TOOLCHAIN_MANIFEST " says", what);
}

/* The output of toolchain_write() has a list of its files: all must exist with the right digest. */
static int check_manifest(struct gather *g)
{
	struct toolchain *t = g->t;
	auto_json *o = NULL;
	auto_buf text = { 0 };
	const struct json *files;
	auto_fd fd = open_source(g, "/" TOOLCHAIN_MANIFEST);
	size_t n = 0;
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0 || fd_read_all(fd, MANIFEST_MAX, &text) || !(o = jv_load(buf_text(&text), text.len, NULL)))
		return err_set(g->e, -EBADMSG, TOOLCHAIN_MANIFEST " is damaged");
	files = jv_get(o, "files");
	r = toolchain_digest(t, g->e);
	for (size_t i = 0; !r && i < jv_count(files); i++) {
		const char *name = jv_get_text(jv_at(files, i), "name"),
			   *digest = jv_get_text(jv_at(files, i), "digest");

		for (size_t k = 0; !r && name && k < t->n_files; k++)
			if (!strcmp(name, &t->files[k].source[1])) {
				n++;
				r = digest && !strcmp(digest, t->files[k].digest) ? 0 : bad_manifest(g, name);
			}
	}
	if (!r && (n != t->n_files || n != jv_count(files)))
		r = bad_manifest(g, "its files");
	return r;
}

int toolchain_gather(
	const struct toolchain_request *request, const struct tool_root *root, struct toolchain *ret, struct err *e)
{
	struct platform own = { .arch = arch_host() };
	struct gather g = { .t = ret, .only_compilers = request->only_compilers, .is_set = request->is_set, .e = e };
	const struct platform *platform = request->platform;
	struct name_words words = name_words(platform), host = name_words(&own);
	int r;

	*ret = (struct toolchain){ .platform = *platform, .dir = -1, .root = *root };
	snprintf(ret->triplet, sizeof(ret->triplet), "%s", words.gnu);
	snprintf(g.host, sizeof(g.host), "%s", host.gnu);
	if (!*ret->triplet)
		return err_set(e, -ENOENT, "%s: no distribution has a cross compiler for it", platform->arch->qemu);
	r = packages_read(root, host.debian, &ret->packages);
	r = r ? err_sys(e, r, PACKAGES_RECORDS) : add_tools(&g);
	if (!r && !ret->n_tools)
		r = no_tools(&g);
	if (!r && request->is_set)
		r = check_manifest(&g);
	if (r)
		toolchain_done(ret);
	return r;
}

int toolchain_gather_dir(
	const char *path, const struct toolchain_request *request, struct toolchain *ret, struct err *e)
{
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), r;

	if (dir < 0)
		return err_sys(e, -errno, "%s", path);
	r = toolchain_gather(request, &(struct tool_root){ toolchain_open_beneath, &dir }, ret, e);
	if (r) {
		cleanup_fd(&dir);
		return r;
	}
	ret->dir = dir;
	ret->root.context = &ret->dir;
	return 0;
}
