/* SPDX-License-Identifier: MIT */
/* Probe programs started side by side: who takes each, and how it ends, bounded in time. */
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

struct exec_job {
	struct probe probe; /* in */

	enum exec_taker taker; /* out */
	int error;	       /* errno of execve */
	dev_t dev;	       /* of the file that was started, with EXEC_HANDLER */
	ino_t ino;
	bool has_ended; /* it was let run and ended by itself */
	int status;	/* as of wait(2), with has_ended */
	bool timed_out;
	int exe; /* exec_trace: that file, opened for reading; -1 where that is forbidden */
};

enum { EXEC_TIMEOUT_MS = 5000 };

/*
 * Starts each program and ends it before its first instruction. No file is made, nothing is mounted:
 * the programs are memfds. For EXEC_HANDLER the started file is opened as job->exe, which the caller
 * closes. 0 or -errno with e set when nothing could be started at all.
 */
int exec_trace(struct exec_job *jobs, size_t n, struct err *e);

/*
 * Runs each program with PROBE_ARGC arguments and no environment in an empty root directory (a tmpfs
 * in a new mount namespace), so that only a fixed handler works. Without the right to mount a new user
 * namespace is tried; is_rooted says whether one of them worked. exe stays -1. -EINTR on a signal.
 */
int exec_run(struct exec_job *jobs, size_t n, bool *ret_is_rooted, struct err *e);

/* Whether the job ended with the count of its arguments. */
bool exec_is_good(const struct exec_job *job);
/* What went wrong, as a clause: "it was killed by signal 11". */
void exec_explain(const struct exec_job *job, char *ret, size_t size);
