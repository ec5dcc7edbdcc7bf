// SPDX-License-Identifier: MIT
/* Adds the entry stub to emulators, recognizes it, and keeps the results under the names of their content. */
#include "emulator/stub.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "arch/elf_edit.h"
#include "arch/probe.h"
#include "base/digest.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/newfile.h"
#include "base/str.h"
#include "emulator/entry/layout.h"

/* Linked by entry/entry.ld, included by entry/bytes.S; empty if there is none. */
extern const uint8_t stub_bytes[], stub_bytes_end[];

enum { TRIAL_MS = 5000 };

static size_t stub_size(void)
{
	return (size_t)((uintptr_t)stub_bytes_end - (uintptr_t)stub_bytes);
}

bool stub_is_possible(void)
{
	return stub_size() > sizeof(struct entry_stub);
}

bool stub_is_in(int fd)
{
	struct entry_stub head;
	uint64_t at;

	return !elf_entry_offset(fd, &at, NULL) && fd_pread(fd, &head, sizeof(head), (off_t)at) == sizeof(head) &&
	       !memcmp(head.magic, ENTRY_STUB_MAGIC, sizeof(head.magic));
}

static int check(const struct emulator *emulator, struct err *e)
{
	char version[EMULATOR_VERSION_MAX];

	if (!stub_is_possible())
		return err_set(
			e, -EOPNOTSUPP, "acceleration is not supported on this architecture (%s)", arch_host()->qemu);
	if (stub_is_in(emulator->fd))
		return err_set(e, -EBADMSG, "%s: already has an entry stub", emulator->path);
	if (!emulator_version(emulator->fd, emulator->arch, version))
		return err_set(e, -EBADMSG, "%s: packed, or not QEMU's emulator for %s: its version cannot be read",
			emulator->path, emulator->arch->qemu);
	return 0;
}

/* The same emulator gives the same file, including its time. */
static int copy_time(int from, int to)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	times[0] = times[1] = st.st_mtim;
	return futimens(to, times) < 0 ? -errno : 0;
}

int stub_add(const struct emulator *emulator, int to, struct err *e)
{
	auto_free uint8_t *bytes = NULL;
	struct elf_added added;
	struct entry_stub head;
	int r = check(emulator, e);

	if (r)
		return r;
	bytes = mem_new(1, stub_size());
	r = fd_copy(emulator->fd, to);
	if (r)
		return err_sys(e, r, "cannot copy %s", emulator->path);
	r = elf_add_segment(to, stub_size(), &added, e);
	if (r)
		return err_prefix(e, "%s", emulator->path);
	memcpy(bytes, stub_bytes, stub_size());
	memcpy(&head, bytes, sizeof(head));
	head.own_entry = (int64_t)(added.entry - added.address);
	memcpy(bytes, &head, sizeof(head));
	if (lseek(to, (off_t)added.offset, SEEK_SET) < 0)
		return err_sys(e, -errno, "cannot write the emulator");
	r = fd_write(to, bytes, stub_size());
	r = r ? r : copy_time(emulator->fd, to);
	return r ? err_sys(e, r, "cannot write the emulator") : 0;
}

/*
 * Starts the emulator as the kernel does without P: its own name, the program, arguments. Discards output: QEMU may
 * warn about a program without a path.
 */
static _Noreturn void start(int emulator, int probe)
{
	char path[32], *argv[PROBE_ARGC + 2], *envp[] = { NULL };
	int unread = memfd_create("anyarch-unread", MFD_CLOEXEC);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", probe);
	argv[0] = path;
	argv[1] = path;
	for (size_t i = 2; i < PROBE_ARGC + 1; i++)
		argv[i] = path;
	argv[PROBE_ARGC + 1] = NULL;
	fcntl(probe, F_SETFD, 0);
	dup2(unread, STDOUT_FILENO);
	dup2(unread, STDERR_FILENO);
	syscall(SYS_execveat, emulator, "", argv, envp, AT_EMPTY_PATH);
	_exit(127);
}

/* The directory of the copy is at fault, not the emulator's. */
static int refuse_noexec(const struct emulator *emulator, int fd, struct err *e)
{
	char link[32], dir[4096];
	auto_buf hint = { 0 };
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, dir, sizeof(dir) - 1);
	dir[n > 0 ? n : 0] = '\0';
	if (strrchr(dir, '/'))
		*strrchr(dir, '/') = '\0';
	err_set(e, -EOPNOTSUPP, "%s: its copy with the entry stub is kept in %s, which is mounted noexec",
		emulator->path, dir);
	buf_adds(&hint, "sudo mount -o remount,exec \"$(findmnt -no TARGET -T ");
	str_quote(&hint, dir);
	buf_adds(&hint, ")\"");
	return err_hint(e, "%s", buf_text(&hint));
}

/* Tests that the emulator with the stub runs the probe of its architecture. */
static int try_out(const struct emulator *emulator, int fd, struct err *e)
{
	const struct probe program = probe_build(emulator->arch, 0, NULL);
	auto_fd probe = memfd_create("anyarch-probe", MFD_CLOEXEC), handle = -1;
	struct pollfd poll_for = { .events = POLLIN };
	struct statvfs fs;
	int status = 0;
	bool is_late;
	pid_t pid;

	if (probe < 0 || fchmod(probe, 0755) < 0)
		return err_sys(e, -errno, "cannot make a test program");
	if (fd_write(probe, program.data, program.size))
		return err_sys(e, -EIO, "cannot make a test program");
	pid = fork();
	if (!pid)
		start(fd, probe);
	if (pid < 0)
		return err_sys(e, -errno, "cannot start a process");
	poll_for.fd = handle = (int)syscall(SYS_pidfd_open, pid, 0);
	is_late = handle >= 0 && poll(&poll_for, 1, TRIAL_MS) == 0;
	if (is_late)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!is_late && WIFEXITED(status) && WEXITSTATUS(status) == 127 && !fstatvfs(fd, &fs) && fs.f_flag & ST_NOEXEC)
		return refuse_noexec(emulator, fd, e);
	if (is_late || !WIFEXITED(status) || WEXITSTATUS(status) != PROBE_ARGC)
		return err_set(e, -EBADMSG, "%s: does not run the test program with the entry stub", emulator->path);
	return 0;
}

static void adopt(struct emulator *emulator, int fd, const char *path)
{
	free(emulator->path);
	emulator->path = mem_text(path);
	cleanup_fd(&emulator->fd);
	emulator->fd = fd;
}

int stub_use_unnamed(struct emulator *emulator, struct err *e)
{
	auto_fd fd = -1, readable = -1;
	char path[32];
	int r;

	if (stub_is_in(emulator->fd))
		return 0;
	fd = memfd_create("anyarch-emulator", MFD_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return err_sys(e, -errno, "cannot copy the emulator");
	r = stub_add(emulator, fd, e);
	if (r)
		return r;
	/* A file that is open for writing cannot be executed. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readable = open(path, O_RDONLY | O_CLOEXEC);
	if (readable < 0)
		return err_sys(e, -errno, "cannot copy the emulator");
	cleanup_fd(&fd);
	fd = -1;
	r = try_out(emulator, readable, e);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", readable);
	adopt(emulator, take_fd(&readable), path);
	return 0;
}

/* qemu-arm-static-0123456789abcdef: digest of emulator and stub, so that new versions have other names. */
static int name_of(const struct emulator *emulator, char ret[80], struct err *e)
{
	char digest[DIGEST_TEXT], stub[DIGEST_TEXT], both[2 * DIGEST_TEXT], name[DIGEST_TEXT];
	int r = digest_file(emulator->fd, digest);

	if (r)
		return err_sys(e, r, "%s", emulator->path);
	digest_text(stub_bytes, stub_size(), stub);
	digest_text(both, (size_t)snprintf(both, sizeof(both), "%s %s", digest, stub), name);
	snprintf(ret, 80, "qemu-%s-static-%.16s", emulator->arch->qemu, name + strlen("sha256:"));
	return 0;
}

static int open_made(const char *path, const struct emulator *emulator, struct err *e)
{
	struct emulator made = EMULATOR_INIT;
	struct stat st;
	int r = emulator_open("", path, emulator->arch, &made, e);

	if (r)
		return r;
	/* It must have been created by this user. */
	if (fstat(made.fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022) || !stub_is_in(made.fd))
		r = err_set(e, -EBADMSG, "%s: not what was made: remove it", path);
	free(made.path);
	if (r)
		cleanup_fd(&made.fd);
	return r ? r : made.fd;
}

static int make(const struct emulator *emulator, const char *path, struct err *e)
{
	auto_newfile file = NEWFILE_INIT;
	auto_fd memory = memfd_create("anyarch-emulator", MFD_CLOEXEC);
	int r = memory < 0 ? err_sys(e, -errno, "cannot copy the emulator") : stub_add(emulator, memory, e);

	r = r ? r : newfile_open(path, NEWFILE_REPLACES, &file, e);
	if (!r) {
		r = fd_copy(memory, file.fd);
		r = r ? r : copy_time(memory, file.fd);
		r = r ? err_sys(e, -EIO, "%s: %s", path, strerror(-r)) : newfile_commit(&file, 0755, e);
	}
	return r;
}

static int make_directory(const char *dir, struct err *e)
{
	auto_free char *path = mem_text(dir);

	for (char *slash = path; slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST) {
			int code = err_sys(e, -errno, "%s", path);

			return code == -EROFS || code == -EACCES
				       ? err_hint(e, "emulators with the entry stub are kept there: make it writable "
						     "(docker run --tmpfs /var/lib)")
				       : code;
		}
		if (slash)
			*slash = '/';
	}
	return 0;
}

int stub_use(struct emulator *emulator, const char *dir, struct err *e)
{
	auto_buf path = { 0 };
	char name[80];
	int r, fd;

	if (stub_is_in(emulator->fd))
		return 0;
	r = check(emulator, e);
	r = r ? r : name_of(emulator, name, e);
	r = r ? r : make_directory(dir, e);
	if (r)
		return r;
	buf_addf(&path, "%s/%s", dir, name);
	if (access(buf_text(&path), F_OK) < 0) {
		r = make(emulator, buf_text(&path), e);
		if (r)
			return r;
	}
	fd = open_made(buf_text(&path), emulator, e);
	if (fd < 0)
		return fd;
	r = try_out(emulator, fd, e);
	if (r)
		cleanup_fd(&fd);
	else
		adopt(emulator, fd, buf_text(&path));
	return r;
}

int stub_name(struct emulator *emulator, const char *dir, struct err *e)
{
	char name[80];
	int r;

	if (stub_is_in(emulator->fd))
		return 0;
	r = check(emulator, e);
	r = r ? r : name_of(emulator, name, e);
	if (r)
		return r;
	free(emulator->path);
	emulator->path = mem_print("%s/%s", dir, name);
	return 0;
}

char *stub_directory(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (!geteuid())
		return mem_text("/var/lib/anyarch/emulators");
	if (cache && *cache == '/')
		return mem_print("%s/anyarch/emulators", cache);
	return home && *home == '/' ? mem_print("%s/.cache/anyarch/emulators", home) : NULL;
}
