// SPDX-License-Identifier: MIT
/* base/fdio: full reads and writes, limits, copies, and replacement, whole or not at all. */
#include "base/fdio.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "scratch.h"

enum { CHUNK = 128 * 1024 };

/* A nameless file of so many bytes, all of the same value. */
static int file_of(size_t size, char value)
{
	auto_free char *bytes = malloc(size + 1);
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0 && bytes);
	memset(bytes, value, size);
	assert_int_equal(fd_write(fd, bytes, size), 0);
	return fd;
}

static void pread_reads_up_to_the_end(void **state)
{
	auto_fd fd = file_of(10, 'x');
	char bytes[20] = "";

	(void)state;
	check(fd_pread(fd, bytes, 4, 0) == 4, "from the start");
	check(fd_pread(fd, bytes, sizeof(bytes), 0) == 10, "more than there is");
	check(fd_pread(fd, bytes, sizeof(bytes), 7) == 3, "at the end");
	check(fd_pread(fd, bytes, sizeof(bytes), 10) == 0, "behind the end");
	check(fd_pread(fd, bytes, sizeof(bytes), 1 << 20) == 0, "far behind the end");
	check(fd_pread(fd, bytes, 0, 0) == 0, "nothing");
	check(fd_pread(-1, bytes, 1, 0) == -EBADF, "no descriptor");
}

static void pread_refuses_what_cannot_seek(void **state)
{
	const struct scratch *s = *state;
	int ends[2];
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	check(fd_pread(ends[0], &byte, 1, 0) == -ESPIPE, "a pipe");
	check(fd_pread(s->dir, &byte, 1, 0) == -EISDIR, "a directory");
	close(ends[0]);
	close(ends[1]);
}

/* A pipe takes a large write in parts; another process reads them. */
static void write_goes_on_after_short_ones(void **state)
{
	enum { SIZE = 1 << 20 };
	auto_free char *bytes = calloc(1, SIZE);
	int ends[2], status = -1;
	pid_t pid;

	(void)state;
	assert_true(bytes && !pipe2(ends, O_CLOEXEC));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		size_t total = 0;
		ssize_t n;

		close(ends[1]);
		while ((n = read(ends[0], bytes, 1000)) > 0)
			total += (size_t)n;
		_exit(total == SIZE ? 0 : 1);
	}
	close(ends[0]);
	check(fd_write(ends[1], bytes, SIZE) == 0, "fails");
	close(ends[1]);
	check(waitpid(pid, &status, 0) == pid && !status, "not all of it arrives");
	check(fd_write(-1, bytes, 1) == -EBADF, "no descriptor");
	check(fd_write(-1, bytes, 0) == 0, "nothing to write");
}

static void read_all_keeps_its_limit(void **state)
{
	static const struct {
		size_t size, limit;
		int r;
	} cases[] = {
		{ 0, 0, 0 },
		{ 0, 10, 0 },
		{ 1, 0, -E2BIG },
		{ 10, 10, 0 },
		{ 11, 10, -E2BIG },
		{ 4096, 4096, 0 },
		{ 4097, 4096, -E2BIG },
		{ 9000, 9000, 0 },
		{ 9001, 9000, -E2BIG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd fd = file_of(cases[i].size, 'x');
		auto_buf out = { 0 };
		int r;

		lseek(fd, 0, SEEK_SET);
		r = fd_read_all(fd, cases[i].limit, &out);
		check(r == cases[i].r, "%zu of at most %zu: %d", cases[i].size, cases[i].limit, r);
		check(r || out.len == cases[i].size, "%zu: read %zu", cases[i].size, out.len);
		check(out.len <= cases[i].limit, "%zu: %zu bytes held", cases[i].limit, out.len);
	}
}

static void read_all_passes_errors_on(void **state)
{
	const struct scratch *s = *state;
	auto_buf out = { 0 };

	check(fd_read_all(-1, 10, &out) == -EBADF, "no descriptor");
	check(fd_read_all(s->dir, 10, &out) == -EISDIR, "a directory");
}

static void copies_are_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, CHUNK, CHUNK + 1, 3 * CHUNK + 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_fd from = file_of(sizes[i], 'x'), to = file_of(0, 0);
		struct stat st;

		check(fd_copy(from, to) == 0, "%zu bytes: fails", sizes[i]);
		check(!fstat(to, &st) && (size_t)st.st_size == sizes[i], "%zu bytes: copied %lld", sizes[i],
			(long long)st.st_size);
		check(fd_same_content(from, to) == 1, "%zu bytes: others", sizes[i]);
	}
}

/* "From their starts", wherever the descriptors stand. */
static void copies_begin_at_the_starts(void **state)
{
	auto_fd from = file_of(10, 'x'), to = file_of(10, 'y');
	char bytes[32];

	(void)state;
	check(fd_copy(from, to) == 0, "fails");
	check(fd_pread(to, bytes, sizeof(bytes), 0) == 10 && bytes[0] == 'x',
		"what was in the target is still at its start");
}

static void copies_pass_errors_on(void **state)
{
	const struct scratch *s = *state;
	auto_fd file = file_of(10, 'x');

	check(fd_copy(-1, file) == -EBADF, "from nothing");
	check(fd_copy(file, -1) == -EBADF, "to nothing");
	check(fd_copy(s->dir, file) < 0, "from a directory");
}

static void same_content(void **state)
{
	static const struct {
		size_t size_a, size_b;
		long differ; /* at this offset; -1 nowhere */
		int same;
	} cases[] = {
		{ 0, 0, -1, 1 },
		{ 0, 1, -1, 0 },
		{ 10, 10, -1, 1 },
		{ 10, 11, -1, 0 },
		{ 10, 10, 0, 0 },
		{ 10, 10, 9, 0 },
		{ CHUNK, CHUNK, -1, 1 },
		{ CHUNK, CHUNK, CHUNK - 1, 0 },
		{ CHUNK + 1, CHUNK + 1, -1, 1 },
		{ CHUNK + 1, CHUNK + 1, CHUNK, 0 },
		{ 2 * CHUNK, 2 * CHUNK, -1, 1 },
		{ 2 * CHUNK + 5, 2 * CHUNK + 5, 2 * CHUNK + 4, 0 },
		{ 2 * CHUNK + 5, 2 * CHUNK + 4, -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd a = file_of(cases[i].size_a, 'x'), b = file_of(cases[i].size_b, 'x');
		int same;

		if (cases[i].differ >= 0)
			assert_int_equal(pwrite(b, "y", 1, cases[i].differ), 1);
		same = fd_same_content(a, b);
		check(same == cases[i].same, "%zu and %zu bytes, different at %ld: %d", cases[i].size_a,
			cases[i].size_b, cases[i].differ, same);
		check(fd_same_content(b, a) == same, "case %zu: not the same the other way", i);
		check(fd_same_content(a, a) == 1, "case %zu: not the same as itself", i);
	}
}

static void same_content_passes_errors_on(void **state)
{
	auto_fd file = file_of(1, 'x');
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	check(fd_same_content(-1, file) == -EBADF, "nothing and a file");
	check(fd_same_content(file, -1) == -EBADF, "a file and nothing");
	check(fd_same_content(ends[0], file) <= 0, "a pipe and a file");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(pread_reads_up_to_the_end),
		unit_in_scratch(pread_refuses_what_cannot_seek),
		unit(write_goes_on_after_short_ones),
		unit(read_all_keeps_its_limit),
		unit_in_scratch(read_all_passes_errors_on),
		unit(copies_are_whole),
		unit(copies_begin_at_the_starts),
		unit_in_scratch(copies_pass_errors_on),
		unit(same_content),
		unit(same_content_passes_errors_on),
	};

	return cmocka_run_group_tests_name("fdio", tests, NULL, NULL);
}
