// SPDX-License-Identifier: MIT
/* rootfs/beneath: with openat2 and without, a path ends at the same file, which is always inside. */
#include "rootfs/beneath.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scratch.h"

/* The root is a directory of the scratch, so that there is something outside to be found. */
static int make_world(const struct scratch *s)
{
	char out[128];
	int root;

	scratch_write(s, "out/secret", "x", 1, 0600);
	scratch_write(s, "secret", "x", 1, 0600);
	scratch_write(s, "root/a/b/file", "x", 1, 0644);
	scratch_write(s, "root/top", "x", 1, 0644);
	scratch_mkdir(s, "root/tmp");
	snprintf(out, sizeof(out), "%s/out", s->path);
	assert_int_equal(symlinkat(out, s->dir, "root/out"), 0);
	assert_int_equal(symlinkat("../out", s->dir, "root/up"), 0);
	assert_int_equal(symlinkat("/a", s->dir, "root/abs"), 0);
	assert_int_equal(symlinkat("a/b", s->dir, "root/rel"), 0);
	assert_int_equal(symlinkat("../../../../a/b", s->dir, "root/a/climb"), 0);
	assert_int_equal(symlinkat("/", s->dir, "root/slash"), 0);
	assert_int_equal(symlinkat("..", s->dir, "root/dots"), 0);
	assert_int_equal(symlinkat("loop", s->dir, "root/loop"), 0);
	assert_int_equal(symlinkat("pong", s->dir, "root/ping"), 0);
	assert_int_equal(symlinkat("/ping", s->dir, "root/pong"), 0);
	assert_int_equal(symlinkat("/nowhere", s->dir, "root/dangling"), 0);
	assert_int_equal(symlinkat("/top", s->dir, "root/a/totop"), 0);
	assert_int_equal(symlinkat("/proc/self/root", s->dir, "root/magic"), 0);
	root = openat(s->dir, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	return root;
}

/* Two descriptors, of the same file or with the same error. */
static void check_same(const char *path, int a, int b)
{
	struct stat one, two;

	if (a < 0 || b < 0) {
		check(a == b, "'%s': %d with openat2, %d without", path, a, b);
		return;
	}
	check(!fstat(a, &one) && !fstat(b, &two) && one.st_dev == two.st_dev && one.st_ino == two.st_ino,
		"'%s' is another file without openat2", path);
}

static void check_path(int root, const char *path, int flags, const char *expected)
{
	auto_fd a = beneath_open(root, path, flags), b = beneath_open_by_component(root, path, flags);
	auto_fd c = expected ? openat(root, expected, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -ENOENT;

	check_same(path, a, b);
	if (!expected)
		check(a < 0, "'%s' was opened", path);
	else
		check_same(path, a, c);
	check(a < 0 || fcntl(a, F_GETFD) == FD_CLOEXEC, "'%s' is inherited", path);
	check(b < 0 || fcntl(b, F_GETFD) == FD_CLOEXEC, "'%s' is inherited without openat2", path);
}

static void paths_end_where_they_would_after_chroot(void **state)
{
	static const struct {
		const char *path, *expected;
	} cases[] = {
		{ "", "." },
		{ "/", "." },
		{ ".", "." },
		{ "..", "." },
		{ "/..", "." },
		{ "//", "." },
		{ "../../..", "." },
		{ "a", "a" },
		{ "/a", "a" },
		{ "//a//b/", "a/b" },
		{ "a/./b/../b", "a/b" },
		{ "a/b/../../..", "." },
		{ "../a/b/file", "a/b/file" },
		{ "abs", "a" },
		{ "/abs/b/file", "a/b/file" },
		{ "rel/file", "a/b/file" },
		{ "rel/..", "a" },
		{ "abs/climb/file", "a/b/file" },
		{ "a/totop", "top" },
		{ "slash", "." },
		{ "slash/slash/dots/a", "a" },
		{ "dots/dots/dots", "." },
		{ "rel/../../../../top", "top" },
		{ "out", NULL },
		{ "out/secret", NULL },
		{ "up", NULL },
		{ "up/secret", NULL },
		{ "../secret", NULL },
		{ "dots/secret", NULL },
		{ "slash/../secret", NULL },
		{ "a/../../secret", NULL },
		{ "loop", NULL },
		{ "loop/x", NULL },
		{ "ping", NULL },
		{ "dangling", NULL },
		{ "dangling/x", NULL },
		{ "magic", NULL },
		{ "magic/etc", NULL },
		{ "top/", NULL },
		{ "top/..", NULL },
		{ "top/.", NULL },
		{ "top/x", NULL },
		{ "none", NULL },
		{ "none/..", NULL },
		{ "a/none/b", NULL },
		{ "/proc/self", NULL },
	};
	const struct scratch *s = *state;
	auto_fd root = make_world(s);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		check_path(root, cases[i].path, O_PATH, cases[i].expected);
		check_path(root, cases[i].path, O_RDONLY | O_NONBLOCK, cases[i].expected);
	}
}

static void errors_say_what_is_wrong(void **state)
{
	static const struct {
		const char *path;
		int flags, code;
	} cases[] = {
		{ "loop", O_PATH, -ELOOP },
		{ "ping/x", O_PATH, -ELOOP },
		{ "none", O_PATH, -ENOENT },
		{ "up/secret", O_PATH, -ENOENT },
		{ "top/x", O_PATH, -ENOTDIR },
		{ "top", O_RDONLY | O_DIRECTORY, -ENOTDIR },
		{ "abs", O_RDONLY | O_NOFOLLOW, -ELOOP },
		{ "a", O_WRONLY, -EISDIR },
	};
	const struct scratch *s = *state;
	auto_fd root = make_world(s);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd a = beneath_open(root, cases[i].path, cases[i].flags);
		auto_fd b = beneath_open_by_component(root, cases[i].path, cases[i].flags);

		check(a == cases[i].code, "'%s': %d, not %d", cases[i].path, a, cases[i].code);
		check(b == cases[i].code, "'%s': %d, not %d without openat2", cases[i].path, b, cases[i].code);
	}
}

static void the_last_link_is_not_followed_when_asked(void **state)
{
	const struct scratch *s = *state;
	auto_fd root = make_world(s);

	check_path(root, "out", O_PATH | O_NOFOLLOW, "out");
	check_path(root, "abs", O_PATH | O_NOFOLLOW, "abs");
	check_path(root, "loop", O_PATH | O_NOFOLLOW, "loop");
	check_path(root, "abs/totop", O_PATH | O_NOFOLLOW, "a/totop");
	check_path(root, "abs/../dangling", O_PATH | O_NOFOLLOW, "dangling");
	/* A slash behind it asks for what it leads to. */
	check_path(root, "abs/", O_PATH | O_NOFOLLOW, "a");
	check_path(root, "abs/.", O_PATH | O_NOFOLLOW, "a");
}

static void so_many_links_and_no_more(void **state)
{
	const struct scratch *s = *state;
	auto_fd root = make_world(s);
	char name[32], to[32];

	snprintf(to, sizeof(to), "top");
	for (unsigned i = 1; i <= BENEATH_LINKS_MAX + 1; i++) {
		snprintf(name, sizeof(name), "link%u", i);
		assert_int_equal(symlinkat(to, root, name), 0);
		memcpy(to, name, sizeof(to));
	}
	check_path(root, "link39", O_PATH, "top");
	check_path(root, "link40", O_PATH, "top");
	check_path(root, "link41", O_PATH, NULL);
	check_path(root, "link41", O_PATH | O_NOFOLLOW, "link41");
}

static void long_paths_end_in_an_error(void **state)
{
	const struct scratch *s = *state;
	auto_fd root = make_world(s);
	char path[2 * PATH_MAX], name[NAME_MAX + 3];
	size_t len;

	memset(name, 'x', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	check_path(root, name, O_PATH, NULL);
	name[NAME_MAX] = '\0';
	scratch_empty(s);
	close(take_fd(&root));
	root = make_world(s);
	assert_int_equal(mkdirat(root, name, 0755), 0);
	check_path(root, name, O_PATH, name);
	for (len = 0; len < sizeof(path) - 1; len++)
		path[len] = len & 1 ? '/' : '.';
	path[len] = '\0';
	check_path(root, path, O_PATH, NULL);
	path[PATH_MAX] = '\0';
	check_path(root, path, O_PATH, NULL);
	path[PATH_MAX - 1] = '\0';
	check_path(root, path, O_PATH, ".");
}

/* A link's text that grows with each step must end, too. */
static void links_that_grow_end_in_an_error(void **state)
{
	const struct scratch *s = *state;
	auto_fd root = make_world(s), a = -1, b = -1;
	char text[4000];
	size_t len = 0;

	while (len < sizeof(text) - 16)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "a/../");
	snprintf(text + len, sizeof(text) - len, "grow/x");
	assert_int_equal(symlinkat(text, root, "grow"), 0);
	a = beneath_open(root, "grow", O_PATH);
	b = beneath_open_by_component(root, "grow", O_PATH);
	check(a == -ELOOP || a == -ENAMETOOLONG, "%d", a);
	check(b == -ELOOP || b == -ENAMETOOLONG, "%d without openat2", b);
}

static struct timespec time_of(int dir, const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mtim;
}

static void set_old(int dir, const char *path)
{
	struct timespec old[2] = { { 1500000000, 1 }, { 1500000000, 2 } };

	assert_int_equal(utimensat(dir, path, old, AT_SYMLINK_NOFOLLOW), 0);
}

static bool is_old(int dir, const char *path)
{
	struct timespec t = time_of(dir, path);

	return t.tv_sec == 1500000000 && t.tv_nsec == 2;
}

static void directories_are_made_and_removed_without_trace(void **state)
{
	static const char *const paths[] = { "/a/n1/n2/n3", "n1", "/abs/n1/n2", "rel/n1", "a/climb/n1/n2/" };
	const struct scratch *s = *state;
	auto_fd root = make_world(s);
	mode_t mask = umask(077);
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct beneath_made made = { 0 };
		auto_fd fd = -1;

		set_old(root, ".");
		set_old(root, "a");
		set_old(root, "a/b");
		fd = beneath_make_dirs(root, paths[i], 64, &made);
		check(fd >= 0, "%s: %d", paths[i], fd);
		if (fd < 0)
			continue;
		check(made.n && made.n <= 3, "%s: made %u", paths[i], made.n);
		check(made.time.tv_sec == 1500000000 && made.time.tv_nsec == 2, "%s: time", paths[i]);
		check(!fstat(fd, &st) && (st.st_mode & 07777) == 0755, "%s: mode %o", paths[i], (unsigned)st.st_mode);
		beneath_remove_dirs(root, paths[i], made.n, &made.time);
		check(is_old(root, ".") && is_old(root, "a") && is_old(root, "a/b"), "%s: left a trace", paths[i]);
		check(scratch_count(s, "root/a") == 3 && scratch_count(s, "root/a/b") == 1, "%s: left", paths[i]);
	}
	umask(mask);
}

static void directories_are_not_made_outside(void **state)
{
	static const char *const paths[] = { "out", "out/x", "up/x", "../x", "dangling", "dangling/x", "loop/x",
		"top/x", "magic/tmp/x", "a/../../out/x" };
	const struct scratch *s = *state;
	auto_fd root = make_world(s);
	unsigned outside = scratch_count(s, ".");

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct beneath_made made = { 0 };
		auto_fd fd = beneath_make_dirs(root, paths[i], 64, &made);

		check(scratch_count(s, ".") == outside, "%s: made outside", paths[i]);
		check(scratch_count(s, "out") == 1, "%s: made in out", paths[i]);
		if (fd >= 0)
			beneath_remove_dirs(root, paths[i], made.n, &made.time);
	}
}

static void no_more_directories_than_allowed(void **state)
{
	const struct scratch *s = *state;
	auto_fd root = make_world(s), fd = -1;
	struct beneath_made made = { 0 };
	unsigned before = scratch_count(s, "root/tmp");

	set_old(root, "tmp");
	fd = beneath_make_dirs(root, "/tmp/1/2/3", 2, &made);
	check(fd < 0, "three where two are allowed");
	check(scratch_count(s, "root/tmp") == before, "some are left");
	fd = beneath_make_dirs(root, "/tmp/1/2/3", 3, &made);
	check(fd >= 0 && made.n == 3, "three of three: %d, %u", fd, made.n);
}

/* tmp is empty and was there before: it stays. */
static void a_failure_removes_only_what_was_made(void **state)
{
	const struct scratch *s = *state;
	auto_fd root = make_world(s), fd = -1;
	struct beneath_made made = { 0 };
	char path[NAME_MAX + 16];
	size_t len = (size_t)snprintf(path, sizeof(path), "tmp/new/");

	/* The last name is too long to be made. */
	memset(path + len, 'x', NAME_MAX + 1);
	path[len + NAME_MAX + 1] = '\0';
	fd = beneath_make_dirs(root, path, 64, &made);
	check(fd < 0, "a name too long was made");
	check(!faccessat(root, "tmp", F_OK, 0), "a directory that was there is gone");
	check(faccessat(root, "tmp/new", F_OK, 0) < 0, "a directory that was made stays");
}

static void removing_stops_at_what_is_not_empty(void **state)
{
	const struct scratch *s = *state;
	auto_fd root = make_world(s);

	beneath_remove_dirs(root, "a/b", 64, NULL);
	check(!faccessat(root, "a/b/file", F_OK, 0), "a file is gone");
	beneath_remove_dirs(root, "/tmp", 64, NULL);
	check(faccessat(root, "tmp", F_OK, 0) < 0, "an empty directory stays");
	beneath_remove_dirs(root, "/../../out", 64, NULL);
	beneath_remove_dirs(root, "up", 64, NULL);
	beneath_remove_dirs(root, "/", 64, NULL);
	beneath_remove_dirs(root, "", 64, NULL);
	check(scratch_count(s, "out") == 1 && scratch_count(s, ".") == 3, "something outside is gone");
	check(!faccessat(root, "up", F_OK, AT_SYMLINK_NOFOLLOW), "a link is gone");
}

static void no_descriptor_is_left(void **state)
{
	const struct scratch *s = *state;
	auto_fd root = make_world(s);
	unsigned before = count_fds();

	for (unsigned i = 0; i < 4; i++) {
		static const char *const paths[] = { "loop", "top/x", "none", "../up/secret", "abs/none/x" };
		struct beneath_made made;

		for (size_t j = 0; j < ARRAY_SIZE(paths); j++) {
			beneath_open(root, paths[j], O_PATH);
			beneath_open_by_component(root, paths[j], O_PATH);
		}
		beneath_make_dirs(root, "top/x/y", 64, &made);
		beneath_make_dirs(root, "tmp/1/2/3", 2, &made);
		beneath_remove_dirs(root, "tmp/1", 5, NULL);
	}
	check(count_fds() == before, "%u descriptors, then %u", before, count_fds());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_in_scratch(paths_end_where_they_would_after_chroot),
		unit_in_scratch(errors_say_what_is_wrong),
		unit_in_scratch(the_last_link_is_not_followed_when_asked),
		unit_in_scratch(so_many_links_and_no_more),
		unit_in_scratch(long_paths_end_in_an_error),
		unit_in_scratch(links_that_grow_end_in_an_error),
		unit_in_scratch(directories_are_made_and_removed_without_trace),
		unit_in_scratch(directories_are_not_made_outside),
		unit_in_scratch(no_more_directories_than_allowed),
		unit_in_scratch(a_failure_removes_only_what_was_made),
		unit_in_scratch(removing_stops_at_what_is_not_empty),
		unit_in_scratch(no_descriptor_is_left),
	};

	return cmocka_run_group_tests_name("beneath", tests, NULL, NULL);
}
