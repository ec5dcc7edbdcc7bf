/* SPDX-License-Identifier: MIT */
/* Finds which file the kernel starts for each probe program, and explains the result of a probe. */
#pragma once

#include "binfmt/arena.h"

/*
 * Starts each program and kills it before its first instruction. The programs are memfds: no file is created, nothing
 * is mounted. For EXEC_HANDLER, job->exe is the started file, which the caller closes. 0, or -errno with e set if no
 * program could be started.
 */
int exec_trace(struct exec_job *jobs, size_t n, struct err *e);

/*
 * Executes a file and kills it before its first instruction, or that of the handler's interpreter. 0 if the kernel
 * starts it, else its error, negative; 1 if ptrace is not permitted or a signal ended the wait.
 */
int exec_try(const char *path);

/* Whether the program exited with the number of its arguments, as a working probe does. */
bool exec_is_good(const struct exec_job *job);
/* Describes the failure as a clause: "it was killed by signal 11". */
void exec_explain(const struct exec_job *job, char *ret, size_t size);
/* This process's limit of the address space (ulimit -v), which emulators inherit and may exceed; 0 if unlimited. */
unsigned long long exec_limit_mib(void);
