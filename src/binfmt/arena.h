/* SPDX-License-Identifier: MIT */
/* Probe programs: stored in memfds or a directory, started under ptrace, and run to their end in an empty root. */
#pragma once

#include <sys/types.h>

#include "arch/probe.h"
#include "base/err.h"

enum exec_taker {
	EXEC_UNKNOWN = 0, /* unknown: the kernel denies ptrace */
	EXEC_NOBODY,	  /* execve failed, see error */
	EXEC_ITSELF,	  /* the machine runs it natively */
	EXEC_HANDLER,	  /* the kernel started another file */
};

enum { EXEC_SAID = 128 };

struct exec_job {
	struct probe probe; /* in */

	enum exec_taker taker; /* out */
	int error;	       /* errno of execve */
	dev_t dev;	       /* of the started file, for EXEC_HANDLER */
	ino_t ino;
	bool has_ended; /* it ran, and ended before the timeout */
	int status;	/* as in wait(2), if has_ended */
	bool timed_out;
	char said[EXEC_SAID]; /* last line of its standard error; "" if empty */
	int exe;	      /* exec_trace(): the started file, open for reading; -1 if that is forbidden */
};

enum { EXEC_TIMEOUT_MS = 5000 };

/*
 * Runs each program with PROBE_ARGC arguments and no environment in an empty root directory (a tmpfs in a new mount
 * namespace), where only a fixed handler works. If mounting is not permitted, tries it in a new user namespace; if that
 * fails, too, runs them in the current root and sets *ret_is_rooted to false. exe stays -1. -EINTR on a signal.
 *
 * is_bare: where no handler exists, in a new user namespace with an empty table of its own (Linux 6.7), which hides the
 * parent's (fs/binfmt_misc.c, load_binfmt_misc()). -EOPNOTSUPP if that is not permitted.
 */
int arena_run(struct exec_job *jobs, size_t n, bool is_bare, bool *ret_is_rooted, struct err *e);

enum {
	STAGE_NOT_STARTED = 127, /* exit status of a child that could not exec */
	STAGE_NAME_MAX = 32,
};

/* Location of the programs: memfds (dir is -1), or files "0", "1", … in dir, which is the root directory. */
struct stage {
	struct exec_job *jobs;
	int dir;
	int proc; /* /proc, opened before any change of root */
	int null; /* standard streams of the programs */
	const int *memfds;
};

/* In a child. Returns only if exec failed; stores errno in the job, whose memory the parent shares. */
void stage_start(const struct stage *stage, size_t i);
/*
 * In a child: ends it when its parent dies. Exits at once if the parent is already dead: no signal would come then, and
 * PTRACE_TRACEME would make PID 1 the tracer, which never resumes the child.
 */
void stage_die_with(pid_t parent);
/* Records which file the kernel started for a child stopped at its exec, and whether that is the program itself. */
void stage_identify(const struct stage *stage, size_t i, pid_t pid);
/* Writes the programs to executable, unnamed files. Release with stage_close_memfds(). NULL with e set. */
int *stage_make_memfds(const struct exec_job *jobs, size_t n, struct err *e);
void stage_close_memfds(int *memfds, size_t n);
/* The last line of a standard error, in which QEMU reports why it exits. */
void stage_take_last_line(int fd, char ret[EXEC_SAID]);
