// SPDX-License-Identifier: MIT
/* Full reads and writes, capped reads, copies. */
#include "base/fdio.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/progress.h"
#include "base/stop.h"

enum { CHUNK = 128 * 1024, COPY_CHUNK = 4 * 1024 * 1024 };

int fd_reopen_regular(int path_fd)
{
	auto_fd fd = path_fd;
	char path[32];
	struct stat st;
	int again;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

int fd_open_regular(int dir, const char *path, int flags)
{
	int fd = openat(dir, path, O_PATH | O_CLOEXEC | flags), again;

	if (fd < 0)
		return -errno;
	again = fd_reopen_regular(fd);
	if (again != -ENOENT)
		return again;
	/* Without /proc: open the path again, now known to be a regular file. */
	again = openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	return again < 0 ? -errno : again;
}

DIR *fd_list(int fd)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0 && errno == ENOMEM)
		mem_exhausted();
	if (!dir)
		cleanup_fd(&fd);
	return dir;
}

DIR *fd_list_at(int dir, const char *path)
{
	return fd_list(openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

const struct dirent *fd_next(DIR *dir)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry;
}

ssize_t fd_pread(int fd, void *data, size_t len, off_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)data + done, len - done, offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fd_write(int fd, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno == EINTR && !stop_signal()) /* else a pipe without a reader may block forever */
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, size_t limit, struct buf *out)
{
	char chunk[4096];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if (out->len + (size_t)n > MIN_OF(limit, BUF_LIMIT - 1))
			return -E2BIG;
		buf_add(out, chunk, (size_t)n);
	}
}

int fd_copy(int from, int to)
{
	off_t offset = 0;

	if (lseek(to, 0, SEEK_SET) < 0)
		return -errno;
	for (;;) {
		ssize_t n = sendfile(to, from, &offset, 1 << 30);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
	}
}

/* For files that neither call supports: those opened for appending, and devices. */
static int copy_by_reading(int from, uint64_t offset, int to, uint64_t len)
{
	auto_free char *chunk = mem_new(1, CHUNK);
	int r = 0;

	while (!r && len) {
		ssize_t n = stop_signal() ? -EINTR
					  : fd_pread(from, chunk, (size_t)MIN_OF(len, (uint64_t)CHUNK), (off_t)offset);

		r = n <= 0 ? n ? (int)n : -EBADMSG : fd_write(to, chunk, (size_t)n);
		offset += n > 0 ? (uint64_t)n : 0;
		len -= n > 0 ? (uint64_t)n : 0;
		progress_add(n > 0 ? (uint64_t)n : 0);
	}
	return r;
}

void fd_begin_writing(int fd)
{
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static int copy_range(int from, uint64_t offset, int to, uint64_t len)
{
	off_t at = (off_t)offset;

	while (len) {
		size_t part = (size_t)MIN_OF(len, (uint64_t)COPY_CHUNK);
		ssize_t n;

		if (stop_signal())
			return -EINTR;
		n = copy_file_range(from, &at, to, NULL, part, 0);
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EBADF || errno == ENOSYS ||
				     errno == EPERM || errno == EOPNOTSUPP))
			n = sendfile(to, from, &at, part);
		if (n < 0 && (errno == EINVAL || errno == ENOSYS))
			return copy_by_reading(from, (uint64_t)at, to, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -EBADMSG;
		len -= n > 0 ? (uint64_t)n : 0;
		progress_add(n > 0 ? (uint64_t)n : 0);
		fd_begin_writing(to);
	}
	return 0;
}

int fd_copy_range(int from, uint64_t offset, int to, uint64_t len)
{
	int r;

	progress_begin("writing", len);
	r = copy_range(from, offset, to, len);
	progress_end();
	return r;
}

int fd_same_content(int a, int b)
{
	auto_free char *chunks = NULL;
	struct stat sa, sb;

	if (fstat(a, &sa) < 0 || fstat(b, &sb) < 0)
		return -errno;
	if (sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino)
		return 1;
	if (sa.st_size != sb.st_size)
		return 0;
	chunks = mem_new(2, CHUNK);
	for (off_t offset = 0;; offset += CHUNK) {
		ssize_t na = stop_signal() ? -EINTR : fd_pread(a, chunks, CHUNK, offset);
		ssize_t nb = fd_pread(b, chunks + CHUNK, CHUNK, offset);

		if (na < 0 || nb < 0)
			return (int)(na < 0 ? na : nb);
		if (na != nb || memcmp(chunks, chunks + CHUNK, (size_t)na))
			return 0;
		if (na < CHUNK)
			return 1;
	}
}

int fd_create_temporary(int dir, const char *temporary)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, temporary, flags, 0600);

	if (fd < 0 && errno == EEXIST && !unlinkat(dir, temporary, 0))
		fd = openat(dir, temporary, flags, 0600);
	return fd < 0 ? -errno : fd;
}

int fd_look_like(int fd, const struct stat *other)
{
	if (geteuid() == 0 && fchown(fd, other->st_uid, other->st_gid) < 0 && errno != EINVAL && errno != EPERM)
		return -errno;
	return fchmod(fd, other->st_mode & 0777) < 0 ? -errno : 0;
}
