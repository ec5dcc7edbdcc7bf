/* SPDX-License-Identifier: MIT */
/* System calls that glibc wraps, but other C libraries, such as musl, do not. */
#pragma once

#include <sys/mount.h>

#ifndef __GLIBC__
#include <linux/fs.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define close_range(...)   syscall(SYS_close_range, __VA_ARGS__)
#define execveat(...)	   syscall(SYS_execveat, __VA_ARGS__)
#define fsconfig(...)	   syscall(SYS_fsconfig, __VA_ARGS__)
#define fsmount(...)	   syscall(SYS_fsmount, __VA_ARGS__)
#define fsopen(...)	   syscall(SYS_fsopen, __VA_ARGS__)
#define fspick(...)	   syscall(SYS_fspick, __VA_ARGS__)
#define mount_setattr(...) syscall(SYS_mount_setattr, __VA_ARGS__)
#define move_mount(...)	   syscall(SYS_move_mount, __VA_ARGS__)
#define open_tree(...)	   syscall(SYS_open_tree, __VA_ARGS__)
#define renameat2(...)	   syscall(SYS_renameat2, __VA_ARGS__)
#endif
