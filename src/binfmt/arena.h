/* SPDX-License-Identifier: MIT */
/* Where probe programs lie, how one is started and looked at, and all of them run in an empty root. */
#pragma once

#include <sys/types.h>

#include "arch/probe.h"
#include "base/err.h"

enum exec_taker {
	EXEC_UNKNOWN = 0, /* the kernel does not let us look (no ptrace) */
	EXEC_NOBODY,	  /* exec failed: error says how */
	EXEC_ITSELF,	  /* the machine runs it natively */
	EXEC_HANDLER,	  /* another file was started for it */
};

enum { EXEC_SAID = 128 };

struct exec_job {
	struct probe probe; /* in */

	enum exec_taker taker; /* out */
	int error;	       /* errno of execve */
	dev_t dev;	       /* of the file that was started, with EXEC_HANDLER */
	ino_t ino;
	bool has_ended; /* it was let run and ended by itself */
	int status;	/* as of wait(2), with has_ended */
	bool timed_out;
	char said[EXEC_SAID]; /* the last line that it printed to standard error, "" for none */
	int exe;	      /* exec_trace: that file, opened for reading; -1 where that is forbidden */
};

enum { EXEC_TIMEOUT_MS = 5000 };

/*
 * Runs each program with PROBE_ARGC arguments and no environment in an empty root directory (a tmpfs
 * in a new mount namespace), so that only a fixed handler works. Without the right to mount a new user
 * namespace is tried; is_rooted says whether one of them worked. exe stays -1. -EINTR on a signal.
 */
int arena_run(struct exec_job *jobs, size_t n, bool *ret_is_rooted, struct err *e);

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
