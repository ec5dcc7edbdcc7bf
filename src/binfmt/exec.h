/* SPDX-License-Identifier: MIT */
/* Finds which file the kernel starts for each probe program, and explains the result of a probe. */
#pragma once

#include "binfmt/arena.h"

/* A job for the probe of the index-th match of an architecture. */
struct exec_job exec_probe(const struct arch *arch, size_t index);
/*
 * Starts each program and kills it before its first instruction. The programs are memfds: no file is created, nothing
 * is mounted. For EXEC_HANDLER, job->exe is the started file, which exec_close() closes. 0, or -errno with e set if no
 * program could be started.
 */
int exec_trace(struct exec_job *jobs, size_t n, struct err *e);
/* Closes the started files. */
void exec_close(struct exec_job *jobs, size_t n);

/* A file to start: below root, as after chroot, unless that is -1. */
struct exec_file {
	int root;
	const char *path;
	char **environment;
	const struct arch *emulated; /* a trusted handler for it takes the file; else NULL */
	char said[EXEC_SAID];	     /* out: last line of an emulator that ended; "" if none did */
};

/*
 * Executes a file and kills it before its first instruction. A handler's interpreter is killed before its first one,
 * except with emulated QEMU, which ends where it has loaded the program and would wait for a debugger (QEMU_GDB). 0 if
 * the program would start, else the kernel's error, negative, or -EBADMSG with said set if QEMU refuses it; 1 if ptrace
 * or the change of root is not permitted, or the wait ended.
 */
int exec_try(struct exec_file *file);

/* Whether the program exited with the number of its arguments, as a working probe does. */
bool exec_is_good(const struct exec_job *job);
/* Describes the failure as a clause: "it was killed by signal 11". */
void exec_explain(const struct exec_job *job, char *ret, size_t size);
/* This process's limit of the address space (ulimit -v), which emulators inherit and may exceed; 0 if unlimited. */
unsigned long long exec_limit_mib(void);
