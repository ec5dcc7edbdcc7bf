// SPDX-License-Identifier: MIT
/* Preloaded: system calls that move bytes move few of them at a time, and every third is interrupted. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FEW = 3001 };

static int is_interrupted(void)
{
	static unsigned calls;

	errno = EINTR;
	return ++calls % 3 == 0;
}

static size_t few(size_t len)
{
	return len < FEW ? len : FEW;
}

ssize_t write(int fd, const void *data, size_t len)
{
	return is_interrupted() ? -1 : syscall(SYS_write, fd, data, few(len));
}

ssize_t read(int fd, void *data, size_t len)
{
	return is_interrupted() ? -1 : syscall(SYS_read, fd, data, few(len));
}

ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
	return is_interrupted() ? -1 : syscall(SYS_pread64, fd, data, few(len), offset);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t len)
{
	return is_interrupted() ? -1 : syscall(SYS_sendfile, to, from, offset, few(len));
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t len, unsigned flags)
{
	return is_interrupted() ? -1 : syscall(SYS_copy_file_range, from, from_at, to, to_at, few(len), flags);
}
