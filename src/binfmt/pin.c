// SPDX-License-Identifier: MIT
/*
 * Pinned registration. Phases of the process that registers: enter a new mount namespace, build a detached tree in it
 * from existing directories (nothing is created on disk), make the tree the root directory, then only write to the
 * "register" file opened before.
 */
#include "binfmt/pin.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "base/fdio.h"
#include "base/kernel.h"
#include "binfmt/mounts.h"
#include "binfmt/rule.h"

/* Attribute of copies on a tmpfs (Linux 6.6): inode number of the user namespace whose table runs them. */
#define OWNER_ATTRIBUTE "user.anyarch.user-namespace"

/* The first message of the process: it is ready, or has failed. */
struct greeting {
	int code;
	char what[64];
};

struct tree {
	const struct emulator *const *emulators;
	size_t n;
	int binfmt;	   /* detached mount of the instance */
	const char *place; /* mount point of the tree in the private namespace */
	int top;	   /* its root directory */
	uint64_t userns;   /* its inode number; 0 for the initial one */
	struct greeting *greeting;
};

/* Directories that exist in every container and may be mounted over in a private namespace. */
static const char *const places[] = { "/sys", "/proc", "/dev", "/tmp", "/mnt", "/run" };

static int failed(struct tree *t, const char *what, int code)
{
	snprintf(t->greeting->what, sizeof(t->greeting->what), "%s", what);
	return t->greeting->code = code;
}

static bool holds_emulator(int top, const struct emulator *emulator)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	/* By number: glibc 2.36 has no wrapper. */
	auto_fd fd = (int)syscall(SYS_openat2, top, emulator->path, &how, sizeof(how));
	struct stat there, known;

	return fd >= 0 && !fstat(fd, &there) && !fstat(emulator->fd, &known) && there.st_dev == known.st_dev &&
	       there.st_ino == known.st_ino;
}

/* Not recursive: submounts of / would be held, too, and proc in the copy must be the plain directory. */
static bool try_root(struct tree *t, const char *place)
{
	auto_fd top = -1;

	if (mount("/", place, NULL, MS_BIND, NULL) < 0)
		return false;
	mount(NULL, place, NULL, MS_PRIVATE, NULL);
	top = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; top >= 0 && i < t->n; i++)
		if (!holds_emulator(top, t->emulators[i]))
			cleanup_fd(&top), top = -1;
	if (top < 0) {
		umount2(place, MNT_DETACH);
		return false;
	}
	t->place = place;
	t->top = take_fd(&top);
	return true;
}

/* Creates the parent directories of a path below top and opens the last one. */
static int make_parents(int top, const char *path)
{
	auto_fd at = openat(top, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *slash;

	for (path++; at >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		char name[NAME_MAX + 1];
		int next;

		if (slash == path)
			continue;
		if ((size_t)(slash - path) > NAME_MAX)
			return -ENAMETOOLONG;
		snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
		if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
			return -errno;
		next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		cleanup_fd(&at);
		at = next;
	}
	return at < 0 ? -errno : take_fd(&at);
}

static int build_tmpfs(struct tree *t, const char *place)
{
	int r = 0;

	if (mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=100%") < 0)
		return -errno;
	t->place = place;
	t->top = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->top < 0 || mkdirat(t->top, "proc", 0755) < 0)
		return -errno;
	for (size_t i = 0; !r && i < t->n; i++) {
		const char *path = t->emulators[i]->path;
		auto_fd dir = make_parents(t->top, path), to = -1;

		if (dir < 0)
			return dir;
		to = openat(dir, strrchr(path, '/') + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
		if (to < 0 && errno == EEXIST)
			continue; /* two rules, one emulator */
		r = to < 0 ? -errno : fd_copy(t->emulators[i]->fd, to);
		/* If this fails, pin_is_ours() is false later. */
		if (to >= 0 && t->userns)
			fsetxattr(to, OWNER_ATTRIBUTE, &t->userns, sizeof(t->userns), 0);
		if (!r && fchmod(to, 0755) < 0)
			r = -errno;
	}
	return r;
}

static int build_top(struct tree *t)
{
	/*
	 * Removing a directory detaches what is mounted on it in every namespace. If the root is a plain directory of
	 * some file system (Docker's vfs driver), removing the container would undo the pin; an overlay or a whole file
	 * system has its own directories. In a user namespace, only copies can carry OWNER_ATTRIBUTE.
	 */
	bool is_whole = !t->userns && mounts_root_is_whole();
	int r = -ENOENT;

	for (size_t i = 0; is_whole && i < ARRAY_SIZE(places); i++)
		if (try_root(t, places[i]))
			return 0;
	for (size_t i = 0; r && i < ARRAY_SIZE(places); i++)
		r = build_tmpfs(t, places[i]);
	return r;
}

static int prepare(struct tree *t, struct instance *own)
{
	auto_err e = { 0 };
	auto_fd detached = -1;
	size_t i = 0;
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed(t, "cannot make a mount namespace", -errno);
	r = instance_open_detached(own, &e);
	if (r)
		return failed(t, "cannot mount binfmt_misc", r);
	t->binfmt = own->dir;
	r = build_top(t);
	if (r)
		return failed(t, "cannot make a tree with the emulators", r);
	/* Below the top, to any existing directory, as nothing is created on disk. */
	while (i < ARRAY_SIZE(places) && move_mount(t->binfmt, "", t->top, places[i] + 1, MOVE_MOUNT_F_EMPTY_PATH))
		i++;
	if (i == ARRAY_SIZE(places))
		return failed(t, "cannot attach binfmt_misc", -errno);
	detached = open_tree(AT_FDCWD, t->place, OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC);
	if (detached < 0)
		return failed(t, "cannot detach the tree", -errno);
	cleanup_fd(&t->top);
	t->top = -1;
	if (fchdir(detached) < 0 || chroot(".") < 0)
		return failed(t, "cannot enter the tree", -errno);
	return 0;
}

static _Noreturn void serve(int socket, struct tree *t)
{
	struct instance own = INSTANCE_INIT;
	char text[RULE_TEXT_MAX];
	ssize_t n;

	/* If the parent is already dead, the closed socket ends this process. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN); /* the parent decides, and closes the socket */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prepare(t, &own);
	if (write(socket, t->greeting, sizeof(*t->greeting)) < 0 || t->greeting->code)
		_exit(1);
	while ((n = read(socket, text, sizeof(text))) > 0) {
		int code = write(own.reg, text, (size_t)n) < 0 ? -errno : 0;

		if (write(socket, &code, sizeof(code)) < 0)
			break;
	}
	_exit(0);
}

/* Receives one message. Interrupted reads are restarted, as the answer to a sent string must not be lost. */
static bool receive(int socket, void *data, size_t size)
{
	ssize_t n;

	while ((n = read(socket, data, size)) < 0 && errno == EINTR)
		;
	return n == (ssize_t)size;
}

static uint64_t own_userns(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) ? 0 : st.st_ino;
}

bool pin_is_ours(int exe)
{
	uint64_t userns = 0, own = own_userns();

	return own && fgetxattr(exe, OWNER_ATTRIBUTE, &userns, sizeof(userns)) == sizeof(userns) && userns == own;
}

int pin_start(struct instance *instance, const struct emulator *const *emulators, size_t n, bool is_initial_userns,
	struct err *e)
{
	struct greeting greeting = { 0 };
	struct tree tree = { .emulators = emulators, .n = n, .binfmt = -1, .top = -1, .greeting = &greeting };
	int pair[2];
	pid_t pid;

	if (!is_initial_userns)
		tree.userns = own_userns();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, -errno, "cannot pin the handlers");
	pid = fork();
	if (!pid) {
		close(pair[0]);
		serve(pair[1], &tree);
	}
	close(pair[1]);
	if (pid < 0 || !receive(pair[0], &greeting, sizeof(greeting)))
		greeting = (struct greeting){ .code = -EIO, .what = "the helper process died" };
	if (greeting.code) {
		close(pair[0]);
		return err_sys(e, greeting.code, "cannot pin the handlers: %s", greeting.what);
	}
	instance->writer = pair[0];
	instance->writer_pid = pid;
	return 0;
}

int pin_write(int writer, const char *text, size_t len)
{
	int code;

	if (send(writer, text, len, MSG_NOSIGNAL) != (ssize_t)len || !receive(writer, &code, sizeof(code)))
		return -EIO;
	return code;
}
