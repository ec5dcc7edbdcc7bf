/* SPDX-License-Identifier: MIT */
/* Probe programs started side by side: who takes each, and how it ends, bounded in time. */
#pragma once

#include "binfmt/arena.h"

/*
 * Starts each program and ends it before its first instruction. No file is made, nothing is mounted:
 * the programs are memfds. For EXEC_HANDLER the started file is opened as job->exe, which the caller
 * closes. 0 or -errno with e set when nothing could be started at all.
 */
int exec_trace(struct exec_job *jobs, size_t n, struct err *e);

/* Whether the job ended with the count of its arguments. */
bool exec_is_good(const struct exec_job *job);
/* What went wrong, as a clause: "it was killed by signal 11". */
void exec_explain(const struct exec_job *job, char *ret, size_t size);
/* The limit of the address space (ulimit -v) that this process gives to emulators, which may fail for it; 0: none. */
unsigned long long exec_limit_mib(void);
