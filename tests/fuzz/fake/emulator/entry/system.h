/* SPDX-License-Identifier: MIT */
/* What the entry stub calls in fuzz-entry.c instead of the kernel: a path says by its letters what is there. */
#pragma once

#include <stdint.h>

struct statx;

struct linux_dirent {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};
enum { DT_DIR = 4, DT_REG = 8 };

long system_open(const char *path, int flags);
void system_close(int fd);
long system_stat(int dir, const char *path, int flags, struct statx *ret);
long system_list(int fd, void *entries, unsigned long len);
long system_pread(int fd, void *data, unsigned long len, unsigned long at);
long system_map(int fd, unsigned long len);
long system_allocate(unsigned long len);
void system_unmap(void *at, unsigned long len);
void system_exec(const char *path, const char **argv, const char **envp);
