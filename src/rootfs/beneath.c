// SPDX-License-Identifier: MIT
/* Paths inside an untrusted root directory: symlinks resolve as they would after chroot(2). */
#include "rootfs/beneath.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { RETRIES = 64, STEPS_MAX = 4096 };

/* State of a path walk: done is the resolved path below root, todo what remains, at the directory of done. */
struct walk {
	int root;
	int at;
	char done[PATH_MAX];
	char todo[2 * PATH_MAX];
	unsigned links;
};

static int open_plain(int at, const char *name, int flags)
{
	int fd = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int go_to(struct walk *w, int fd)
{
	if (fd < 0)
		return fd;
	cleanup_fd(&w->at);
	w->at = fd;
	return 0;
}

/* Opens the resolved path again. None of its components was a symlink: if one is now, a rename is racing with us. */
static int rewalk(struct walk *w)
{
	char copy[PATH_MAX], *rest = copy, *name;
	int r = go_to(w, open_plain(w->root, ".", O_PATH | O_DIRECTORY));

	memcpy(copy, w->done, sizeof(copy));
	while (!r && (name = strsep(&rest, "/")))
		if (*name)
			r = go_to(w, open_plain(w->at, name, O_PATH | O_DIRECTORY));
	return r == -ELOOP || r == -ENOTDIR ? -EAGAIN : r;
}

/* Inserts a symlink's target before the remaining path. */
static int follow(struct walk *w, int link)
{
	char text[PATH_MAX], rest[2 * PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (++w->links > BENEATH_LINKS_MAX)
		return -ELOOP;
	memcpy(rest, w->todo, sizeof(rest));
	/* No trailing slash if nothing remains: it would require a directory. */
	if (snprintf(w->todo, sizeof(w->todo), "%s%s%s", text, *rest ? "/" : "", rest) >= (int)sizeof(w->todo))
		return -ENAMETOOLONG;
	if (*text != '/')
		return 0;
	w->done[0] = '\0';
	return rewalk(w);
}

/* Walks one component. 1: the walk is complete, *ret_fd is the result; 0: continue; -errno. */
static int step(struct walk *w, const char *name, bool is_last, int flags, int *ret_fd)
{
	size_t len = strlen(w->done);
	auto_fd fd = -1;
	struct stat st;

	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) {
		char *slash = strrchr(w->done, '/');

		if (slash)
			*slash = '\0';
		return rewalk(w);
	}
	fd = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode) && !(is_last && (flags & O_NOFOLLOW)))
		return follow(w, fd);
	if (!is_last && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (!is_last && snprintf(w->done + len, sizeof(w->done) - len, "/%s", name) >= (int)(sizeof(w->done) - len))
		return -ENAMETOOLONG;
	if (!is_last)
		return go_to(w, take_fd(&fd));
	*ret_fd = open_plain(w->at, name, flags);
	if (*ret_fd == -ELOOP && !S_ISLNK(st.st_mode))
		return -EAGAIN; /* replaced by a symlink meanwhile */
	return *ret_fd < 0 ? *ret_fd : 1;
}

int beneath_open_by_component(int root, const char *path, int flags)
{
	struct walk w = { .root = root, .at = -1 };
	int fd = -1, r;

	if (snprintf(w.todo, sizeof(w.todo), "%s", path) >= PATH_MAX)
		return -ENAMETOOLONG;
	r = rewalk(&w);
	for (unsigned i = 0; !r; i++) {
		char name[NAME_MAX + 2], *p = w.todo + strspn(w.todo, "/");
		size_t len = strcspn(p, "/");
		char *rest = p + len + strspn(p + len, "/");
		bool is_last = !*rest && p[len] != '/';

		if (!len)
			break;
		snprintf(name, sizeof(name), "%.*s", (int)MIN_OF(len, (size_t)NAME_MAX + 1), p);
		memmove(w.todo, rest, strlen(rest) + 1);
		r = i < STEPS_MAX ? step(&w, name, is_last, flags, &fd) : -ELOOP;
	}
	if (!r)
		fd = open_plain(w.at, ".", flags); /* the path ends with a resolved directory: "", "/", ".." */
	cleanup_fd(&w.at);
	return r < 0 ? r : fd;
}

int beneath_open(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	for (int i = 0; i < RETRIES; i++) {
		int fd = (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));

		if (fd >= 0)
			return fd;
		if (errno == ENOSYS || errno == EPERM)
			return beneath_open_by_component(root, path, flags);
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

/* Splits path into its parent and last component. false at the root, and if the latter is "." or "..". */
static bool split(const char *path, char parent[PATH_MAX], char name[NAME_MAX + 1])
{
	size_t len = strlen(path), start;

	while (len && path[len - 1] == '/')
		len--;
	for (start = len; start && path[start - 1] != '/'; start--)
		;
	if (start == len || len - start > NAME_MAX || start >= PATH_MAX)
		return false;
	snprintf(parent, PATH_MAX, "%.*s", (int)start, path);
	snprintf(name, NAME_MAX + 1, "%.*s", (int)(len - start), path + start);
	return strcmp(name, ".") && strcmp(name, "..");
}

static int make_dir(int root, const char *path, unsigned limit, struct beneath_made *made)
{
	char parent[PATH_MAX], name[NAME_MAX + 1];
	auto_fd dir = -1;
	struct stat st;
	int fd;

	if (!split(path, parent, name) || !limit)
		return -ENOENT;
	dir = beneath_open(root, parent, O_RDONLY | O_DIRECTORY);
	if (dir == -ENOENT)
		dir = make_dir(root, parent, limit - 1, made);
	if (dir < 0)
		return dir;
	if (!made->n && fstat(dir, &st) == 0)
		made->time = st.st_mtim;
	if (mkdirat(dir, name, 0755) < 0)
		return errno == EEXIST ? -ELOOP : -errno; /* EEXIST: a dangling symlink, or a race */
	made->n++;
	snprintf(made->path, sizeof(made->path), "%s", path);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fchmod(fd, 0755) == 0)
		return fd;
	cleanup_fd(&fd);
	return -errno;
}

int beneath_make_dirs(int root, const char *path, unsigned limit, struct beneath_made *ret_made)
{
	struct beneath_made made = { 0 };
	int fd = make_dir(root, path, limit, &made);

	if (fd < 0 && made.n)
		beneath_remove_dirs(root, made.path, made.n, &made.time);
	else
		*ret_made = made;
	return fd;
}

void beneath_remove_dirs(int root, const char *path, unsigned n, const struct timespec *time)
{
	char at[PATH_MAX], parent[PATH_MAX], name[NAME_MAX + 1];

	snprintf(at, sizeof(at), "%s", path);
	for (; n && split(at, parent, name); n--) {
		auto_fd dir = beneath_open(root, parent, O_RDONLY | O_DIRECTORY);

		if (dir >= 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			break;
		memcpy(at, parent, sizeof(at));
	}
	if (time) {
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, *time };
		auto_fd dir = beneath_open(root, at, O_RDONLY | O_DIRECTORY);

		if (dir >= 0)
			futimens(dir, times);
	}
}
