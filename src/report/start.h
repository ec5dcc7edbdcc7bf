/* SPDX-License-Identifier: MIT */
/* The first bytes of a file, and whether the kernel may execute it. */
#pragma once

#include "binfmt/rule.h"
#include "report/doctor.h"

struct start {
	uint8_t head[RULE_WINDOW];
	int n;
	bool is_executable, is_noexec, is_nosuid, is_set_id;
	char real[4096]; /* its path on this machine, for hints */
};

/* Zeros, except for is_executable, if the file cannot be read. */
struct start start_read(int root, const char *path);
/* Checks permissions and mount options, for which the kernel refuses scripts and programs. */
void start_check(const struct start *start, const char *path, struct doctor *d);
/* Appends the command that remounts the file system of path with another option. */
void start_remount_hint(struct buf *hint, const char *option, const char *path);
/*
 * start_script() checks a script's #! line; ret_program receives the program that env starts, to be freed.
 * start_has_mark() reports a byte order mark before "#!", which editors add: true.
 */
void start_script(int root, const struct file_step *step, char **ret_program, struct doctor *d);
bool start_has_mark(int root, const char *path, struct doctor *d);
