// SPDX-License-Identifier: MIT
/* Verifies handlers: runs the probe of each through the kernel and the emulator. */
#include "binfmt/verify.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fdio.h"
#include "binfmt/exec.h"

static bool is_this_file(const struct exec_job *job, int fd)
{
	struct stat st;

	return job->taker == EXEC_HANDLER && !fstat(fd, &st) && st.st_dev == job->dev && st.st_ino == job->ino;
}

int verify_items(struct register_item **items, size_t n, const uint8_t *nonces, bool *ret_is_rooted, struct err *e)
{
	struct exec_job jobs[REGISTER_ITEMS_MAX];
	int r;

	for (size_t i = 0; i < n; i++)
		jobs[i] = (struct exec_job){
			.exe = -1,
			.probe = probe_build(
				items[i]->arch, items[i]->match, nonces ? nonces + i * PROBE_NONCE_LEN : NULL),
		};
	r = arena_run(jobs, n, false, ret_is_rooted, e);
	for (size_t i = 0; !r && i < n; i++) {
		struct register_item *item = items[i];
		const struct exec_job *job = &jobs[i];
		char why[256];

		item->is_seen = is_this_file(job, item->emulator.fd);
		item->verdict = VERIFY_BAD;
		if (job->taker == EXEC_ITSELF) {
			err_set(&item->err, -EBADMSG, "the kernel runs %s programs natively and ignores the handler",
				arch_word(item->arch));
		} else if (exec_is_good(job)) {
			item->verdict = VERIFY_GOOD;
		} else {
			exec_explain(job, why, sizeof(why));
			err_set(&item->err, -EBADMSG, "%s does not work: started for a test program, %s",
				item->rule.interpreter, why);
			if (job->has_ended && WIFEXITED(job->status) && WEXITSTATUS(job->status) == PROBE_ARGC + 1)
				item->verdict = VERIFY_SHIFTED;
		}
	}
	return r;
}

int verify_serving(struct register_item **items, size_t n, bool *ret_serves, struct err *e)
{
	struct exec_job jobs[REGISTER_ITEMS_MAX];
	int r;

	for (size_t i = 0; i < n; i++)
		jobs[i] = exec_probe(items[i]->arch, items[i]->match);
	r = exec_trace(jobs, n, e);
	for (size_t i = 0; i < n; i++) {
		const struct exec_job *job = &jobs[i];
		int fd = items[i]->emulator.fd;

		/* If a copy was registered, its content must be the same. */
		ret_serves[i] = !r && (job->taker == EXEC_UNKNOWN ||
					      (job->taker == EXEC_HANDLER &&
						      (is_this_file(job, fd) ||
							      (job->exe >= 0 && fd_same_content(job->exe, fd) == 1))));
	}
	exec_close(jobs, n);
	return r;
}
