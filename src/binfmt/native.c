// SPDX-License-Identifier: MIT
/* Tests which architectures this machine runs without any handler, by trying. */
#include "binfmt/native.h"

#include <string.h>

#include "base/memory.h"
#include "binfmt/exec.h"

int native_test(const struct arch *const *archs, size_t n, bool family_only, bool *ret_native, struct err *e)
{
	auto_free struct exec_job *jobs = mem_new(n + 1, sizeof(*jobs));
	size_t at[ARCH_COUNT_MAX], n_jobs = 0, n_open = 0; /* at: the index of each job's architecture */
	const char *host = arch_host()->family;
	bool is_rooted;
	int r;

	for (size_t i = 0; i < MIN_OF(n, (size_t)ARCH_COUNT_MAX); i++) {
		const char *family = archs[i]->family;

		ret_native[i] = false;
		if (family_only && archs[i] != arch_host() && (!host || !family || strcmp(host, family)))
			continue;
		at[n_jobs] = i;
		jobs[n_jobs++] = exec_probe(archs[i], 0);
	}
	r = exec_trace(jobs, n_jobs, e);
	exec_close(jobs, n_jobs);
	if (r)
		return r;
	for (size_t k = 0; k < n_jobs; k++) {
		ret_native[at[k]] = jobs[k].taker == EXEC_ITSELF;
		/* Undecided: a handler takes it, ptrace is denied (EXEC_UNKNOWN), or an error other than ENOEXEC. */
		if (jobs[k].taker == EXEC_ITSELF || (jobs[k].taker == EXEC_NOBODY && jobs[k].error == ENOEXEC))
			continue;
		at[n_open] = at[k];
		jobs[n_open++] = exec_probe(archs[at[k]], 0);
	}
	if (!arena_run(jobs, n_open, true, &is_rooted, NULL))
		for (size_t k = 0; k < n_open; k++)
			ret_native[at[k]] = exec_is_good(&jobs[k]);
	return 0;
}

bool native_is_refused(const struct arch *arch)
{
	struct exec_job job = exec_probe(arch, 0);
	int r = exec_trace(&job, 1, NULL);

	exec_close(&job, 1);
	return !r && job.taker == EXEC_NOBODY && job.error == ENOEXEC;
}
