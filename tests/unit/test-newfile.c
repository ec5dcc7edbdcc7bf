// SPDX-License-Identifier: MIT
/* base/newfile: a file takes its name when it is whole, whoever else writes to it, and leaves nothing behind. */
#include "base/newfile.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "scratch.h"

#define LEFTOVER ".anyarch-new-0123456789abcdef"

static int write_at(int dir, const char *name, const char *text, enum newfile_over over, struct err *e)
{
	auto_newfile file = NEWFILE_INIT;
	auto_buf content = { 0 };
	int r = newfile_open_at(dir, name, over, &file, e);

	buf_adds(&content, text);
	return r ? r : newfile_commit_text(&file, &content, 0640, e);
}

static void a_new_one_takes_no_other_ones_name(void **state)
{
	const struct scratch *s = *state;
	auto_err e = { 0 };
	struct stat st;

	check_code("new", write_at(s->dir, "a", "1", NEWFILE_IS_NEW, &e), 0, &e);
	check(!fstatat(s->dir, "a", &st, 0) && (st.st_mode & 07777) == 0640, "mode %o", st.st_mode);
	check_code("again", write_at(s->dir, "a", "2", NEWFILE_IS_NEW, &e), -EEXIST, &e);
	check_sentence("again", &e);
	check(e.hint && strstr(e.hint, "--force"), "no hint");
	check(scratch_holds(s, "a", "1", 1), "it was replaced");
	err_done(&e);
	check_code("replaced", write_at(s->dir, "a", "3", NEWFILE_REPLACES, &e), 0, &e);
	check(scratch_holds(s, "a", "3", 1), "it was not replaced");
	check(scratch_count(s, ".") == 1, "something is left");
}

/* What another process makes after the look is not replaced either. */
static void a_new_one_takes_no_name_that_was_given_meanwhile(void **state)
{
	const struct scratch *s = *state;
	auto_newfile file = NEWFILE_INIT;
	auto_err e = { 0 };

	check_code("open", newfile_open_at(s->dir, "a", NEWFILE_IS_NEW, &file, &e), 0, &e);
	scratch_write(s, "a", "other", 5, 0644);
	check_code("commit", newfile_commit(&file, 0644, &e), -EEXIST, &e);
	check_sentence("commit", &e);
	check(scratch_holds(s, "a", "other", 5), "it was replaced");
	newfile_done(&file);
	check(scratch_count(s, ".") == 1, "something is left");
}

static void modes_are_exact(void **state)
{
	static const mode_t modes[] = { 0644, 0600, 0755, 0666 };
	const struct scratch *s = *state;
	mode_t mask = umask(077);

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		auto_newfile file = NEWFILE_INIT;
		struct stat st;

		check_code("open", newfile_open_at(s->dir, "file", NEWFILE_REPLACES, &file, NULL), 0, NULL);
		check_code("commit", newfile_commit(&file, modes[i], NULL), 0, NULL);
		check(!fstatat(s->dir, "file", &st, 0) && (st.st_mode & 07777) == modes[i], "mode %o, not %o",
			st.st_mode & 07777, modes[i]);
		check(scratch_count(s, ".") == 1, "%u files", scratch_count(s, "."));
	}
	umask(mask);
}

/* Of two that write to one name at once, each is whole, and the later one stays. */
static void two_writers_of_one_name(void **state)
{
	const struct scratch *s = *state;

	for (unsigned there = 0; there < 2; there++) {
		auto_newfile a = NEWFILE_INIT, b = NEWFILE_INIT;
		auto_buf one = { 0 }, two = { 0 };
		auto_err e = { 0 };

		scratch_empty(s);
		if (there)
			scratch_write(s, "file", "old", 3, 0644);
		buf_adds(&one, "one");
		buf_adds(&two, "two");
		check_code("a", newfile_open_at(s->dir, "file", NEWFILE_REPLACES, &a, &e), 0, &e);
		check_code("b", newfile_open_at(s->dir, "file", NEWFILE_REPLACES, &b, &e), 0, &e);
		check_code("a", newfile_commit_text(&a, &one, 0644, &e), 0, &e);
		check(scratch_holds(s, "file", "one", 3), "the first one is not whole");
		check_code("b", newfile_commit_text(&b, &two, 0644, &e), 0, &e);
		check(scratch_holds(s, "file", "two", 3), "the second one is not whole");
		check(scratch_count(s, ".") == 1, "something is left");
	}
}

static void what_killed_runs_left_is_removed(void **state)
{
	static const char *const others[] = { ".anyarch-new-", ".anyarch-new-0123456789abcde", LEFTOVER "0",
		".anyarch-new-0123456789abcdeF", "anyarch-new-0123456789abcdef" };
	const struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		scratch_write(s, others[i], "x", 1, 0600);
	scratch_write(s, LEFTOVER, "half", 4, 0600);
	assert_int_equal(mkfifoat(s->dir, ".anyarch-new-0000000000000000", 0600), 0);
	assert_int_equal(symlinkat(".anyarch-new-", s->dir, ".anyarch-new-0000000000000001"), 0);
	check_code("write", write_at(s->dir, "a", "1", NEWFILE_REPLACES, NULL), 0, NULL);
	check(scratch_count(s, ".") == ARRAY_SIZE(others) + 3, "%u files", scratch_count(s, "."));
	check(faccessat(s->dir, LEFTOVER, F_OK, 0) < 0, "it stays");
}

static void what_another_run_holds_stays(void **state)
{
	const struct scratch *s = *state;
	auto_fd fd = -1;

	scratch_write(s, LEFTOVER, "half", 4, 0600);
	fd = openat(s->dir, LEFTOVER, O_WRONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	newfile_sweep(s->dir);
	check(scratch_holds(s, LEFTOVER, "half", 4), "it is gone");
	assert_int_equal(flock(fd, LOCK_UN), 0);
	newfile_sweep(s->dir);
	check(scratch_count(s, ".") == 0, "it stays");
	newfile_sweep(-1);
}

static void a_link_is_never_followed(void **state)
{
	const struct scratch *s = *state;
	auto_err e = { 0 };
	struct stat st;

	scratch_write(s, "target", "t", 1, 0644);
	assert_int_equal(symlinkat("nowhere", s->dir, "dangling"), 0);
	assert_int_equal(symlinkat("target", s->dir, "link"), 0);
	assert_int_equal(linkat(s->dir, "target", s->dir, "second", 0), 0);
	check_code("dangling", write_at(s->dir, "dangling", "1", NEWFILE_IS_NEW, &e), -EEXIST, &e);
	err_done(&e);
	check_code("a link", write_at(s->dir, "link", "1", NEWFILE_REPLACES, &e), 0, &e);
	check(!fstatat(s->dir, "link", &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode), "the link stays");
	check_code("a second name", write_at(s->dir, "second", "1", NEWFILE_REPLACES, &e), 0, &e);
	check(scratch_holds(s, "target", "t", 1), "the target was written");
	check(faccessat(s->dir, "nowhere", F_OK, 0) < 0, "the link was followed");
	check(scratch_count(s, ".") == 4, "something is left");
}

static void check_untouched(const struct scratch *s, const char *what, int r, int expected, const struct err *e)
{
	check_code(what, r, expected, e);
	check_sentence(what, e);
	check(scratch_count(s, ".") == 3, "%s: %u entries are there", what, scratch_count(s, "."));
	check(scratch_holds(s, "file", "old", 3), "%s: the file is changed", what);
	check(scratch_count(s, "taken") == 1, "%s: the directory is changed", what);
}

static void a_failure_leaves_what_was_there(void **state)
{
	const struct scratch *s = *state;
	char too_long[257];

	scratch_write(s, "file", "old", 3, 0644);
	scratch_write(s, "taken/inside", "x", 1, 0644);
	assert_int_equal(mkfifoat(s->dir, "fifo", 0600), 0);
	memset(too_long, 'n', 256);
	too_long[256] = '\0';
	const struct {
		const char *what, *name;
		int dir, expected;
	} cases[] = {
		{ "a directory in its place", "taken", s->dir, -EEXIST },
		{ "a pipe in its place", "fifo", s->dir, -EEXIST },
		{ "a directory that does not exist", "none/file", s->dir, -EIO },
		{ "a name that is too long", too_long, s->dir, -EIO },
		{ "no directory", "file", -1, -EBADF },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (enum newfile_over over = NEWFILE_REPLACES; over <= NEWFILE_IS_NEW; over++) {
			auto_err e = { 0 };
			int r = write_at(cases[i].dir, cases[i].name, "new", over, &e);

			check_untouched(s, cases[i].what, r, cases[i].expected, &e);
		}
}

static void a_full_disk_leaves_what_was_there(void **state)
{
	const struct scratch *s = *state;
	auto_newfile file = NEWFILE_INIT;
	auto_buf content = { 0 };
	auto_err e = { 0 };
	struct rlimit old, small;
	int r;

	scratch_write(s, "file", "old", 3, 0644);
	scratch_write(s, "taken/inside", "x", 1, 0644);
	scratch_mkdir(s, "third");
	for (unsigned i = 0; i < 10000; i++)
		buf_adds(&content, "more than fits\n");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ .rlim_cur = 4096, .rlim_max = old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	r = newfile_open_at(s->dir, "file", NEWFILE_REPLACES, &file, &e);
	r = r ? r : newfile_commit_text(&file, &content, 0644, &e);
	newfile_done(&file);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	check_untouched(s, "no room", r, -EIO, &e);
	check(e.message && strstr(e.message, strerror(EFBIG)), "no room: '%s'", e.message);
}

static void the_longest_name(void **state)
{
	const struct scratch *s = *state;
	char longest[256];

	memset(longest, 'n', 255);
	longest[255] = '\0';
	check_code("new", write_at(s->dir, longest, "1", NEWFILE_IS_NEW, NULL), 0, NULL);
	check_code("replaced", write_at(s->dir, longest, "2", NEWFILE_REPLACES, NULL), 0, NULL);
	check(scratch_holds(s, longest, "2", 1), "not replaced");
}

static void one_that_is_let_go_leaves_nothing(void **state)
{
	const struct scratch *s = *state;
	unsigned before = count_fds();

	for (unsigned i = 0; i < 4; i++) {
		auto_newfile file = NEWFILE_INIT;

		check_code("open", newfile_open_at(s->dir, "a", NEWFILE_REPLACES, &file, NULL), 0, NULL);
		write_at(s->dir, "none/a", "1", NEWFILE_REPLACES, NULL);
	}
	check(scratch_count(s, ".") == 0, "something is left");
	check(count_fds() == before, "%u descriptors, then %u", before, count_fds());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_in_scratch(a_new_one_takes_no_other_ones_name),
		unit_in_scratch(a_new_one_takes_no_name_that_was_given_meanwhile),
		unit_in_scratch(modes_are_exact),
		unit_in_scratch(two_writers_of_one_name),
		unit_in_scratch(what_killed_runs_left_is_removed),
		unit_in_scratch(what_another_run_holds_stays),
		unit_in_scratch(a_link_is_never_followed),
		unit_in_scratch(a_failure_leaves_what_was_there),
		unit_in_scratch(a_full_disk_leaves_what_was_there),
		unit_in_scratch(the_longest_name),
		unit_in_scratch(one_that_is_let_go_leaves_nothing),
	};

	return cmocka_run_group_tests_name("newfile", tests, NULL, NULL);
}
