// SPDX-License-Identifier: MIT
/* Runs commands for the user: each is shown first, and waited for. */
#include "project/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/stop.h"
#include "base/str.h"

/* Milliseconds. After a signal, anyarch ends within a second. */
enum { WAIT_STEP = 20, GRACE = 400, CLEANUP_GRACE = 700 };

void child_add(struct child *c, char *word)
{
	if (c->n < CHILD_WORDS_MAX)
		c->words[c->n] = word;
	else
		free(word);
	c->n++;
}

void child_done(struct child *c)
{
	for (size_t i = 0; i < c->n && i < CHILD_WORDS_MAX; i++)
		free(c->words[i]);
	for (size_t i = 0; i < CHILD_VARIABLES_MAX; i++)
		free(c->variables[i]);
	*c = (struct child){ 0 };
}

static void add_quoted(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:=,+@%";

	if (*word && !word[strspn(word, plain)]) {
		buf_adds(out, word);
		return;
	}
	str_quote(out, word);
}

void child_text(const struct child *c, struct buf *out)
{
	for (size_t i = 0; c->variables[i]; i++) {
		size_t len = strcspn(c->variables[i], "=") + 1;

		buf_add(out, c->variables[i], len); /* a quoted NAME= would not be an assignment */
		add_quoted(out, c->variables[i] + len);
		buf_adds(out, " ");
	}
	for (size_t i = 0; i < c->n && i < CHILD_WORDS_MAX; i++) {
		buf_adds(out, i ? " " : "");
		add_quoted(out, c->words[i]);
	}
}

/* Limits of a kept answer and error message; a longer line is passed on in parts. */
enum { ANSWER_MAX = 64 * 1024, REASON_MAX = 4096, LINE_MAX_SHOWN = 4096, BLOCKS_AT_ONCE = 16 };

/* A running child and its output. */
struct running {
	const struct child *c;
	pid_t pid;
	int out, errors;    /* pipes from its outputs; -1: none */
	struct buf pending; /* an incomplete line */
	struct buf reason;  /* its standard error, if that is not shown */
	unsigned n_signals; /* sent to it */
};

/* The caller's environment with the child's variables. The list is owned, its strings are borrowed. */
static char **make_environment(const struct child *c)
{
	size_t n = 0, k = 0;
	char **list;

	while (environ[n])
		n++;
	list = mem_new(n + CHILD_VARIABLES_MAX + 1, sizeof(*list));
	for (size_t i = 0; c->variables[i]; i++)
		list[k++] = c->variables[i];
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(environ[i], "=") + 1, v = 0;

		while (c->variables[v] && strncmp(c->variables[v], environ[i], len))
			v++;
		if (!c->variables[v])
			list[k++] = environ[i];
	}
	return list;
}

/* Starts the child with these as stderr and stdout. -1: anyarch's stderr, or /dev/null for a quiet child. */
static int start(const struct child *c, int out, int errors, pid_t *ret)
{
	auto_free char **environment = make_environment(c);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t usual;
	int r = posix_spawn_file_actions_init(&files);

	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		posix_spawn_file_actions_destroy(&files);
		return -r;
	}
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE); /* anyarch may ignore it; other programs expect the default */
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!r && errors >= 0)
		r = posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
	else if (!r && c->is_quiet)
		r = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r && out < 0 && c->is_quiet)
		r = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	else if (!r)
		r = posix_spawn_file_actions_adddup2(&files, out >= 0 ? out : STDERR_FILENO, STDOUT_FILENO);
	r = r ? r : posix_spawnp(ret, c->words[0], &files, &attributes, c->words, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	if (r == ENOMEM)
		mem_exhausted();
	return -r;
}

/* Passes on complete lines; at the end, the rest, too. */
static void pass_lines(struct running *run, bool is_end)
{
	struct buf *pending = &run->pending;
	const char *text = buf_text(pending), *end = text + pending->len, *newline;

	while ((newline = memchr(text, '\n', (size_t)(end - text)))) {
		run->c->line(text, (size_t)(newline - text), run->c->context);
		text = newline + 1;
	}
	if (end > text && (is_end || end - text >= LINE_MAX_SHOWN)) {
		run->c->line(text, (size_t)(end - text), run->c->context);
		text = end;
	}
	if (pending->data)
		memmove(pending->data, text, (size_t)(end - text));
	pending->len = (size_t)(end - text);
}

static void keep(struct buf *b, const char *block, size_t n, size_t most)
{
	if (b->len < most)
		buf_add(b, block, MIN_OF(n, most - b->len));
}

/* Reads what a pipe holds now; closes it at end of file. */
static void take_output(struct running *run, int *fd)
{
	char block[4096];

	for (int i = 0; *fd >= 0 && i < BLOCKS_AT_ONCE; i++) {
		ssize_t n = read(*fd, block, sizeof(block));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			close(take_fd(fd));
		} else if (fd == &run->errors) {
			keep(&run->reason, block, (size_t)n, REASON_MAX);
		} else if (run->c->line) {
			buf_add(&run->pending, block, (size_t)n);
			pass_lines(run, false);
		} else {
			keep(run->c->answer, block, (size_t)n, ANSWER_MAX);
		}
	}
}

/*
 * Passes every signal on. Kills a command that does not end: PID 1 of a container ignores signals that it does not
 * handle. A cleanup gets no signal; true: do not wait for it any longer.
 */
static bool heed_signals(struct running *run)
{
	static atomic_long first; /* milliseconds, when the first signal was noticed */
	unsigned n = stop_count();
	struct timespec now;
	long none = 0, since = 0;

	if (stop_signal()) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		since = now.tv_sec * 1000 + now.tv_nsec / 1000000;
		atomic_compare_exchange_strong(&first, &none, since);
		since -= first;
	}
	if (run->c->is_cleanup)
		return since >= CLEANUP_GRACE;
	if (n != run->n_signals)
		kill(run->pid, stop_signal());
	else if (since >= GRACE)
		kill(run->pid, SIGKILL);
	run->n_signals = n;
	return false;
}

/*
 * Polls: a blocking wait would miss a signal that arrives just before. Ends when the child does, since other processes
 * may keep the pipes open.
 */
static int attend(struct running *run, int *ret_status)
{
	pid_t r;

	while ((r = waitpid(run->pid, ret_status, WNOHANG)) <= 0) {
		struct pollfd ready[] = { { run->out, POLLIN, 0 }, { run->errors, POLLIN, 0 } };

		if (r < 0 && errno != EINTR)
			return -errno;
		if (heed_signals(run))
			return 0;
		if (poll(ready, ARRAY_SIZE(ready), WAIT_STEP) > 0) {
			take_output(run, &run->out);
			take_output(run, &run->errors);
		}
	}
	take_output(run, &run->out);
	take_output(run, &run->errors);
	if (run->pending.len)
		pass_lines(run, true);
	return 0;
}

/* The child's end is blocking: programs do not expect EAGAIN on their output. */
static int open_pipe(int *ret_in, int *ret_out)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	fcntl(ends[1], F_SETFL, 0);
	*ret_out = ends[0];
	*ret_in = ends[1];
	return 0;
}

/* Whether a line is empty, BuildKit's progress, or a warning (docker's, or podman's log), and not the last. */
static bool is_aside(const char *line, size_t len)
{
	static const char level[] = "level=warning";

	return line[len] && (!len || strchr("#- ", *line) || !strncmp(line, "WARNING", 7) ||
				    memmem(line, len, level, sizeof(level) - 1));
}

/* Names the command by its verbs (docker manifest push), and quotes its first error line. */
static int tell_failure(const struct running *run, int status, struct err *e)
{
	const struct child *c = run->c;
	const char *why = buf_text(&run->reason);
	auto_buf what = { 0 };

	buf_adds(&what, c->words[0]);
	for (size_t i = 1; i < c->n && i < 3 && !c->words[i][strspn(c->words[i], "abcdefghijklmnopqrstuvwxyz")]; i++)
		buf_addf(&what, " %s", c->words[i]);
	while (is_aside(why, strcspn(why, "\n")))
		why += strcspn(why, "\n") + 1;
	return err_set(e, -EIO, "%s failed with status %d%s%.*s", buf_text(&what), status, *why ? ": " : "",
		(int)strcspn(why, "\n"), why);
}

int child_run(const struct child *c, struct err *e)
{
	struct running run = { .c = c, .out = -1, .errors = -1 };
	auto_fd in = -1, errors = -1;
	int status = 0, r = c->n && c->n <= CHILD_WORDS_MAX ? 0 : err_sys(e, -EINVAL, "cannot run a command");

	if (!r && !c->is_cleanup)
		r = stop_check(e);
	if (r)
		return r;
	if (c->answer || c->line)
		r = open_pipe(&in, &run.out);
	if (!r && c->is_quiet && !c->is_cleanup)
		r = open_pipe(&errors, &run.errors);
	if (r) {
		err_sys(e, r, "cannot run a command");
	} else if ((r = start(c, in, c->line ? in : errors, &run.pid))) {
		err_sys(e, r, "%s", c->words[0]);
	} else {
		if (in >= 0)
			close(take_fd(&in));
		if (errors >= 0)
			close(take_fd(&errors));
		r = attend(&run, &status);
		if (r)
			err_sys(e, r, "cannot run a command");
	}
	if (!r && !c->is_cleanup && stop_check(e))
		r = -EINTR;
	if (!r && WIFSIGNALED(status))
		r = err_set(e, -EIO, "%s was ended by signal %d", c->words[0], WTERMSIG(status));
	else if (!r && status)
		r = tell_failure(&run, WEXITSTATUS(status), e);
	cleanup_fd(&run.out);
	cleanup_fd(&run.errors);
	buf_done(&run.pending);
	buf_done(&run.reason);
	return r;
}
