/* SPDX-License-Identifier: MIT */
/* The beginning of a file that is to be started, and whether the kernel may execute it where it is. */
#pragma once

#include "binfmt/rule.h"
#include "report/doctor.h"

struct start {
	uint8_t head[RULE_WINDOW];
	int n;
	bool is_executable, is_noexec, is_nosuid, is_set_id;
	char real[4096]; /* where it is on this machine, for what is to be typed */
};

/* Zeros where it cannot be read. */
struct start start_read(int root, const char *path);
/* What makes the kernel refuse any file, script or program. */
void start_check(const struct start *start, const char *path, struct doctor *d);
/* Appends the command that mounts the file system of path with another option. */
void start_remount_hint(struct buf *hint, const char *option, const char *path);
/*
 * A script: its line, and what env finds for it, which is looked at as well. path may be for an editor that put a byte
 * order mark before "#!": start_has_mark() says so, and true.
 */
void start_script(int root, const struct file_step *step, char **ret_program, struct doctor *d);
bool start_has_mark(int root, const char *path, struct doctor *d);
