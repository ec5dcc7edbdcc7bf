// SPDX-License-Identifier: MIT
/* Commands that are run for the user: each is shown before, and waited for. */
#include "project/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/stop.h"

enum { WAIT_STEP = 20 /* milliseconds */, GRACE = 5 /* seconds */ };

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
	for (size_t i = 0; c->variables[i]; i++) {
		size_t len = strcspn(c->variables[i], "=") + 1;

		buf_add(out, c->variables[i], len); /* between quotes it would be a command */
		add_quoted(out, c->variables[i] + len);
		buf_adds(out, " ");
	}
	for (size_t i = 0; i < c->n && i < CHILD_WORDS_MAX; i++) {
		buf_adds(out, i ? " " : "");
		add_quoted(out, c->words[i]);
	}
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

bool child_is_there(const char *program)
{
	const char *path = getenv("PATH");
	size_t len;

	if (strchr(program, '/') || !path)
		return is_program(program);
	for (;; path += len + 1) {
		auto_buf file = { 0 };

		len = strcspn(path, ":");
		buf_add(&file, path, len);
		buf_addf(&file, "%s%s", len ? "/" : "", program);
		if (is_program(buf_text(&file)))
			return true;
		if (!path[len])
			return false;
	}
}

/* ---- running ---- */

/* How much is kept of an answer; a line that is longer is shown in parts. */
enum { ANSWER_MAX = 64 * 1024, LINE_MAX_SHOWN = 4096, BLOCKS_AT_ONCE = 16 };

static bool is_replaced(const struct child *c, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (size_t i = 0; c->variables[i]; i++)
		if (!strncmp(c->variables[i], variable, len))
			return true;
	return false;
}

/* The caller's, with what is for this one only. The list is owned, what it lists is borrowed; NULL without memory. */
static char **make_environment(const struct child *c)
{
	size_t n = 0, k = 0;
	char **list;

	while (environ[n])
		n++;
	list = mem_new(n + CHILD_VARIABLES_MAX + 1, sizeof(*list));
	for (size_t i = 0; list && i < n; i++)
		if (!is_replaced(c, environ[i]))
			list[k++] = environ[i];
	for (size_t i = 0; list && c->variables[i]; i++)
		list[k++] = (char *)(uintptr_t)c->variables[i];
	return list;
}

static int add_files(const struct child *c, int out, posix_spawn_file_actions_t *files)
{
	int r = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!r && c->is_quiet)
		r = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r && c->line)
		r = posix_spawn_file_actions_adddup2(files, out, STDERR_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(files, out >= 0 ? out : STDERR_FILENO, STDOUT_FILENO);
	return r;
}

/* Ours ignores SIGPIPE; nobody else expects that. */
static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t usual;
	int r = posix_spawnattr_init(attributes);

	if (r)
		return r;
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	r = posix_spawnattr_setsigdefault(attributes, &usual);
	return r ? r : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

/* With nothing of ours but standard error, or a pipe instead. */
static int start(const struct child *c, int out, pid_t *ret)
{
	auto_free char **environment = make_environment(c);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int r;

	if (!environment || posix_spawn_file_actions_init(&files))
		return -ENOMEM;
	r = set_signals(&attributes);
	if (!r)
		r = add_files(c, out, &files);
	if (!r)
		r = posix_spawnp(ret, c->words[0], &files, &attributes, (char **)(uintptr_t)c->words, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	if (r == ENOMEM)
		mem_exhausted();
	return -r;
}

/* Whole lines go to whoever wants lines; at the end what is left, too. */
static void pass_lines(const struct child *c, struct buf *pending, bool is_end)
{
	const char *text = buf_text(pending), *end = text + pending->len, *newline;

	while ((newline = memchr(text, '\n', (size_t)(end - text)))) {
		c->line(text, (size_t)(newline - text), c->context);
		text = newline + 1;
	}
	if (end > text && (is_end || end - text >= LINE_MAX_SHOWN)) {
		c->line(text, (size_t)(end - text), c->context);
		text = end;
	}
	memmove(pending->data, text, (size_t)(end - text));
	pending->len = (size_t)(end - text);
}

/* What is there now, as much as a pipe holds. false at the end. */
static bool take_output(const struct child *c, int fd, struct buf *pending)
{
	char block[4096];
	ssize_t n;

	for (int i = 0; i < BLOCKS_AT_ONCE; i++) {
		n = read(fd, block, sizeof(block));
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		if (c->line) {
			buf_add(pending, block, (size_t)n);
			pass_lines(c, pending, false);
		} else if (c->answer && c->answer->len < ANSWER_MAX) {
			buf_add(c->answer, block, MIN_OF((size_t)n, ANSWER_MAX - c->answer->len));
		}
	}
	return true;
}

/*
 * It is told of every signal that comes to us. One that does not end, as the first process of a container does not that
 * knows nothing of signals, is killed after a while.
 */
static void pass_signals(pid_t pid, unsigned *told, time_t *since)
{
	unsigned n = stop_count();

	if (n != *told) {
		*since = *since ? *since : time(NULL);
		kill(pid, stop_signal());
	} else if (*since && time(NULL) > *since + GRACE) {
		kill(pid, SIGKILL);
	}
	*told = n;
}

/*
 * A wait without end would miss a signal that comes just before it begins. What the child left running may hold the
 * pipe: its own end is what counts.
 */
static int attend(const struct child *c, pid_t pid, int fd, int *ret_status)
{
	auto_buf pending = { 0 };
	bool is_open = fd >= 0;
	unsigned told = 0;
	time_t since = 0;
	pid_t r;

	while ((r = waitpid(pid, ret_status, WNOHANG)) <= 0) {
		struct pollfd ready = { .fd = is_open ? fd : -1, .events = POLLIN };

		if (r < 0 && errno != EINTR)
			return -errno;
		if (!c->is_cleanup)
			pass_signals(pid, &told, &since);
		if (poll(&ready, 1, WAIT_STEP) > 0)
			is_open = take_output(c, fd, &pending);
	}
	if (is_open)
		take_output(c, fd, &pending);
	if (pending.len)
		pass_lines(c, &pending, true);
	return 0;
}

static int start_and_attend(const struct child *c, int *ret_status, struct err *e)
{
	auto_fd out = -1, in = -1;
	pid_t pid = -1;
	int ends[2], r;

	if (c->answer || c->line) {
		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
			return err_sys(e, -errno, "cannot run a command");
		out = ends[0];
		in = ends[1];
		fcntl(in, F_SETFL, 0); /* a program does not expect that its output is not waited for */
	}
	r = start(c, in, &pid);
	if (r)
		return err_sys(e, r, "%s", c->words[0]);
	if (in >= 0)
		close(take_fd(&in));
	r = attend(c, pid, out, ret_status);
	return r ? err_sys(e, r, "cannot run a command") : 0;
}

/* By its verbs: docker manifest push. */
static int tell_failure(const struct child *c, int status, struct err *e)
{
	auto_buf what = { 0 };

	buf_adds(&what, c->words[0]);
	for (size_t i = 1; i < c->n && i < 3 && !c->words[i][strspn(c->words[i], "abcdefghijklmnopqrstuvwxyz")]; i++)
		buf_addf(&what, " %s", c->words[i]);
	return err_set(e, -EIO, "%s failed with status %d", buf_text(&what), status);
}

int child_run(const struct child *c, struct err *e)
{
	int status = 0, r = c->n && c->n <= CHILD_WORDS_MAX ? 0 : err_sys(e, -EINVAL, "cannot run a command");

	if (!r && !c->is_cleanup)
		r = stop_check(e);
	if (!r)
		r = start_and_attend(c, &status, e);
	if (r)
		return r;
	if (!c->is_cleanup && stop_check(e))
		return -EINTR;
	if (WIFSIGNALED(status))
		return err_set(e, -EIO, "%s was ended by signal %d", c->words[0], WTERMSIG(status));
	return status ? tell_failure(c, WEXITSTATUS(status), e) : 0;
}
