/* SPDX-License-Identifier: MIT */
/* System calls of the entry stub, without a C library: results are values or negative error numbers. */
#pragma once

#include <asm/unistd.h>
#include <linux/mman.h>
#include <stdint.h>

struct statx;

#if defined(__x86_64__)
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#endif

static inline long system_open(const char *path, int flags)
{
	return system_call(__NR_openat, AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static inline void system_close(int fd)
{
	system_call(__NR_close, fd, 0, 0, 0, 0, 0);
}

static inline long system_stat(int dir, const char *path, int flags, struct statx *ret)
{
	return system_call(__NR_statx, dir, (long)path, flags, STATX_BASIC_STATS, (long)ret, 0);
}

/* getdents64(2): as many entries of a directory as fit. */
struct linux_dirent {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};
enum { DT_REG = 8 };

static inline long system_list(int fd, void *entries, unsigned long len)
{
	return system_call(__NR_getdents64, fd, (long)entries, (long)len, 0, 0, 0);
}

static inline long system_pread(int fd, void *data, unsigned long len, unsigned long at)
{
	return system_call(__NR_pread64, fd, (long)data, (long)len, (long)at, 0, 0);
}

static inline long system_map(int fd, unsigned long len)
{
	return system_call(__NR_mmap, 0, (long)len, PROT_READ, MAP_PRIVATE, fd, 0);
}

static inline long system_allocate(unsigned long len)
{
	return system_call(__NR_mmap, 0, (long)len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static inline void system_unmap(void *at, unsigned long len)
{
	system_call(__NR_munmap, (long)at, (long)len, 0, 0, 0, 0);
}

static inline void system_exec(const char *path, const char **argv, const char **envp)
{
	system_call(__NR_execve, (long)path, (long)argv, (long)envp, 0, 0, 0);
}
