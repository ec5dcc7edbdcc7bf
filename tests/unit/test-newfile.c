// SPDX-License-Identifier: MIT
/* base/newfile: a file that takes its name when it is whole, and one that takes no other's. */
#include "base/newfile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "scratch.h"

static int write_at(const struct scratch *s, const char *name, const char *text, bool is_new, struct err *e)
{
	auto_newfile file = NEWFILE_INIT;
	int r = newfile_open_at(s->dir, name, &file, e);

	if (r)
		return r;
	assert_int_equal(fd_write(file.fd, text, strlen(text)), 0);
	return is_new ? newfile_commit_new(&file, 0640, e) : newfile_commit(&file, 0640, e);
}

static void a_new_one_takes_no_other_ones_name(void **state)
{
	const struct scratch *s = *state;
	auto_err e = { 0 };
	struct stat st;

	check_code("new", write_at(s, "a", "1", true, &e), 0, &e);
	check(!fstatat(s->dir, "a", &st, 0) && (st.st_mode & 07777) == 0640, "mode %o", st.st_mode);
	check_code("again", write_at(s, "a", "2", true, &e), -EEXIST, &e);
	check_sentence("again", &e);
	check(scratch_holds(s, "a", "1", 1), "it was replaced");
	err_done(&e);
	check_code("replaced", write_at(s, "a", "3", false, &e), 0, &e);
	check(scratch_holds(s, "a", "3", 1), "it was not replaced");
	check(scratch_count(s, ".") == 1, "something is left");
}

static void a_link_is_never_followed(void **state)
{
	const struct scratch *s = *state;
	auto_err e = { 0 };

	scratch_write(s, "target", "t", 1, 0644);
	assert_int_equal(symlinkat("nowhere", s->dir, "dangling"), 0);
	assert_int_equal(symlinkat("target", s->dir, "link"), 0);
	check_code("dangling", write_at(s, "dangling", "1", true, &e), -EEXIST, &e);
	err_done(&e);
	check_code("a link", write_at(s, "link", "1", false, &e), 0, &e);
	check(scratch_holds(s, "target", "t", 1), "the target was written");
	check(faccessat(s->dir, "nowhere", F_OK, 0) < 0, "the link was followed");
	check(scratch_count(s, ".") == 3, "something is left");
}

static void what_is_no_file_keeps_its_name(void **state)
{
	const struct scratch *s = *state;
	auto_err e = { 0 };

	scratch_mkdir(s, "dir");
	assert_int_equal(mkfifoat(s->dir, "fifo", 0600), 0);
	check_code("a directory", write_at(s, "dir", "", false, &e), -EEXIST, &e);
	check_code("a pipe", write_at(s, "fifo", "", true, &e), -EEXIST, &e);
	check_sentence("a pipe", &e);
	check(write_at(&(struct scratch){ .dir = -1 }, "x", "", true, NULL) == -EBADF, "no directory");
	check(scratch_count(s, ".") == 2, "something is left");
}

static void one_that_is_let_go_leaves_nothing(void **state)
{
	const struct scratch *s = *state;
	unsigned before = count_fds();

	{
		auto_newfile file = NEWFILE_INIT;

		check_code("open", newfile_open_at(s->dir, "a", &file, NULL), 0, NULL);
		check(scratch_count(s, ".") == 1, "no temporary file");
	}
	check(scratch_count(s, ".") == 0, "something is left");
	check(count_fds() == before, "a descriptor is left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_in_scratch(a_new_one_takes_no_other_ones_name),
		unit_in_scratch(a_link_is_never_followed),
		unit_in_scratch(what_is_no_file_keeps_its_name),
		unit_in_scratch(one_that_is_let_go_leaves_nothing),
	};

	return cmocka_run_group_tests_name("newfile", tests, NULL, NULL);
}
