// SPDX-License-Identifier: MIT
/* Commands that are run for the user: each is shown before, and waited for. */
#include "project/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "base/stop.h"

enum { WAIT_STEP = 20 /* milliseconds */ };

void child_add(struct child *c, ...)
{
	const char *word;
	va_list words;

	va_start(words, c);
	while ((word = va_arg(words, const char *))) {
		if (c->n < CHILD_WORDS_MAX)
			c->words[c->n] = word;
		c->n++;
	}
	va_end(words);
}

static void add_quoted(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:=,+@%";

	if (*word && !word[strspn(word, plain)]) {
		buf_adds(out, word);
		return;
	}
	buf_adds(out, "'");
	for (; *word; word++)
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_add(out, word, 1);
	buf_adds(out, "'");
}

void child_text(const struct child *c, struct buf *out)
{
	for (size_t i = 0; i < c->n && i < CHILD_WORDS_MAX; i++) {
		buf_adds(out, i ? " " : "");
		add_quoted(out, c->words[i]);
	}
}

/* With nothing of ours but standard error. */
static int start(const struct child *c, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	int r;

	if (posix_spawn_file_actions_init(&files))
		return -ENOMEM;
	r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!r && c->is_quiet)
		r = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (!r)
		r = posix_spawnp(ret, c->words[0], &files, NULL, (char **)(uintptr_t)c->words, environ);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

/*
 * It is told once of a signal that came to us; a second one comes from whoever is impatient. A wait without end would miss
 * one that comes just before it begins.
 */
static int wait_for(pid_t pid, int *ret_status)
{
	bool is_told = false;
	pid_t r;

	while ((r = waitpid(pid, ret_status, WNOHANG)) <= 0) {
		if (r < 0 && errno != EINTR)
			return -errno;
		if (stop_signal() && !is_told)
			is_told = !kill(pid, stop_signal());
		poll(NULL, 0, WAIT_STEP);
	}
	return 0;
}

int child_run(const struct child *c, struct err *e)
{
	int status = 0, r = c->n && c->n <= CHILD_WORDS_MAX ? stop_check(e) : -EINVAL;
	pid_t pid;

	if (!r) {
		r = start(c, &pid);
		if (r)
			return err_sys(e, r, "%s", c->words[0]);
		r = wait_for(pid, &status);
	}
	if (r)
		return e && e->code ? e->code : err_sys(e, r, "cannot run a command");
	if (stop_check(e))
		return -EINTR;
	if (WIFSIGNALED(status))
		return err_set(e, -EIO, "%s was ended by signal %d", c->words[0], WTERMSIG(status));
	return status ? err_set(e, -EIO, "%s %s failed with status %d", c->words[0], c->n > 1 ? c->words[1] : "",
				 WEXITSTATUS(status)) : 0;
}
