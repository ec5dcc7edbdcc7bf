/* SPDX-License-Identifier: MIT */
/* Where probe programs lie and how one is started and looked at: what tracing and running share. */
#pragma once

#include "binfmt/exec.h"

enum {
	STAGE_NOT_STARTED = 127, /* exit status of a child that could not exec */
	STAGE_NAME_MAX = 32,
};

/* Where the programs are: memfds (dir -1), or files "0", "1", … of a directory that is the root. */
struct stage {
	struct exec_job *jobs;
	int dir;
	int proc; /* /proc, opened before any change of root */
	int null; /* what an emulator prints is nobody's answer */
	const int *memfds;
};

/* In a child. Returns only when exec failed, errno kept for the parent in the job's memory, which is shared. */
void stage_start(const struct stage *stage, size_t i);
/*
 * In a child: dies with its parent. One that died already cannot kill us any more, and PTRACE_TRACEME would
 * make PID 1 our tracer, which would leave us stopped for ever.
 */
void stage_die_with(pid_t parent);
/* Of a child stopped at its exec: which file the kernel started, compared with the program itself. */
void stage_identify(const struct stage *stage, size_t i, pid_t pid);
/* The programs as nameless files that can be executed; to be given to stage_close_memfds(). NULL with e set. */
int *stage_make_memfds(const struct exec_job *jobs, size_t n, struct err *e);
void stage_close_memfds(int *memfds, size_t n);
