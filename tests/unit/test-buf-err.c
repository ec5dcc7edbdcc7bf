// SPDX-License-Identifier: MIT
/* base/buf and base/err: bounded bytes, and errors that carry their story. */
#include <string.h>

#include "base/buf.h"
#include "check.h"

static void buf_starts_empty(void **state)
{
	auto_buf b = { 0 };

	(void)state;
	check(!strcmp(buf_text(&b), "") && buf_ok(&b), "a zeroed buffer is not empty text");
	buf_adds(&b, "");
	check(!strcmp(buf_text(&b), "") && b.len == 0 && buf_ok(&b), "nothing added");
	buf_done(&b);
	buf_done(&b);
	check(!b.data && !b.len, "done, but not empty");
}

static void buf_grows_and_ends_with_nul(void **state)
{
	auto_buf b = { 0 };

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		buf_add(&b, "x\0y", 3);
		if (b.len != 3 * (i + 1) || b.data[b.len] != '\0')
			fail_msg("after %u: %zu bytes", i, b.len);
	}
	check(buf_ok(&b), "failed");
	check(!memcmp(b.data + 3 * 4999, "x\0y", 3), "the last bytes");
}

static void buf_formats(void **state)
{
	auto_buf b = { 0 };
	char long_text[3000];

	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	buf_addf(&b, "%s-%d", "arm", 7);
	check(!strcmp(buf_text(&b), "arm-7"), "'%s'", buf_text(&b));
	buf_addf(&b, "%s", long_text);
	check(b.len == 5 + 2999 && buf_ok(&b), "%zu bytes", b.len);
	buf_addf(&b, "%s", "");
	check(b.len == 5 + 2999, "%zu bytes after an empty one", b.len);
}

static void buf_keeps_its_limit(void **state)
{
	static const struct {
		const char *what;
		size_t before, more;
		bool fits;
	} cases[] = {
		{ "just below the limit", 0, BUF_LIMIT - 1, true },
		{ "one more than that", 1, BUF_LIMIT - 1, false },
		{ "the limit on top of a byte", 1, BUF_LIMIT, false },
		{ "the limit on top of half of it", BUF_LIMIT / 2, BUF_LIMIT, false },
		{ "half and half", BUF_LIMIT / 2, BUF_LIMIT / 2, false },
		{ "more than the limit", 0, BUF_LIMIT + 1, false },
		{ "a length that wraps", 10, SIZE_MAX, false },
		{ "a length that almost wraps", 10, SIZE_MAX - 5, false },
	};
	auto_free char *bytes = calloc(1, BUF_LIMIT + 1);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf b = { 0 };

		buf_add(&b, bytes, cases[i].before);
		buf_add(&b, bytes, cases[i].more);
		check(buf_ok(&b) == cases[i].fits, "%s: %s", cases[i].what, buf_ok(&b) ? "taken" : "refused");
		check(b.len == cases[i].before + (cases[i].fits ? cases[i].more : 0), "%s: %zu bytes", cases[i].what,
			b.len);
	}
}

static void buf_stays_failed(void **state)
{
	auto_buf b = { 0 };

	(void)state;
	buf_adds(&b, "good");
	buf_add(&b, NULL, SIZE_MAX);
	check(!buf_ok(&b), "a length that cannot be is taken");
	buf_adds(&b, "more");
	buf_addf(&b, "%d", 1);
	check(!buf_ok(&b) && !strcmp(buf_text(&b), "good"), "after a failure: '%s'", buf_text(&b));
	buf_done(&b);
	check(buf_ok(&b), "done, but still failed");
}

static void err_tells(void **state)
{
	auto_err e = { 0 };

	(void)state;
	check(err_set(&e, -EBADMSG, "bad %s %d", "thing", 7) == -EBADMSG, "err_set returns the code");
	check(e.code == -EBADMSG && !strcmp(e.message, "bad thing 7"), "%d '%s'", e.code, e.message);
	check(!e.hint, "a hint from nowhere");
	check(err_hint(&e, "try %s", "that") == -EBADMSG && !strcmp(e.hint, "try that"), "a hint");
	check(err_hint(&e, "or this") == -EBADMSG && !strcmp(e.hint, "or this"), "another hint");
	check(err_prefix(&e, "in %s", "file") == -EBADMSG, "err_prefix returns the code");
	check(!strcmp(e.message, "in file: bad thing 7"), "'%s'", e.message);
	check(!strcmp(e.hint, "or this"), "the prefix takes the hint away");
	check(err_sys(&e, -ENOENT, "cannot open %s", "it") == -ENOENT, "err_sys returns the code");
	check(!strcmp(e.message, "cannot open it: No such file or directory"), "'%s'", e.message);
	check(!e.hint, "the hint of an earlier error stays");
	err_done(&e);
	err_done(&e);
	check(!e.code && !e.message && !e.hint, "done, but not empty");
}

static void err_may_quote_itself(void **state)
{
	auto_err e = { 0 };

	(void)state;
	err_set(&e, -EIO, "first");
	err_set(&e, -EINVAL, "after %s", e.message);
	check(!strcmp(e.message, "after first"), "'%s'", e.message);
	err_prefix(&e, "%s", e.message);
	check(!strcmp(e.message, "after first: after first"), "'%s'", e.message);
	err_sys(&e, -EIO, "%s", e.message);
	check(!strcmp(e.message, "after first: after first: Input/output error"), "'%s'", e.message);
}

static void err_may_be_null(void **state)
{
	(void)state;
	check(err_set(NULL, -EBADMSG, "x") == -EBADMSG, "err_set");
	check(err_sys(NULL, -ENOENT, "x") == -ENOENT, "err_sys");
	check(err_prefix(NULL, "x") < 0, "err_prefix");
	check(err_hint(NULL, "x") < 0, "err_hint");
}

static void err_moves(void **state)
{
	auto_err from = { 0 }, to = { 0 };

	(void)state;
	err_set(&to, -EIO, "old");
	err_hint(&to, "old hint");
	err_set(&from, -ENOENT, "new");
	check(err_move(&to, &from) == -ENOENT, "err_move returns the code");
	check(to.code == -ENOENT && !strcmp(to.message, "new") && !to.hint, "'%s'", to.message);
	check(!from.code && !from.message && !from.hint, "the source is not empty");
	err_set(&from, -EPERM, "again");
	check(err_move(NULL, &from) == -EPERM, "to nowhere");
	check(!from.code && !from.message, "the source that went nowhere is not empty");
}

static void err_keeps_errno(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_set(&e, -EIO, "x");
	errno = EXDEV;
	err_done(&e);
	check(errno == EXDEV, "errno is %d", errno);
}

static int fd_that_ends_with_its_scope(void)
{
	auto_fd fd = dup(1);

	assert_true(fd >= 0);
	errno = EXDEV;
	return fd;
}

static void scopes_end_what_they_own(void **state)
{
	unsigned before = count_fds();
	int fd = fd_that_ends_with_its_scope();

	(void)state;
	check(errno == EXDEV, "errno is %d", errno);
	check(count_fds() == before, "%d is left open", fd);
}

static void what_is_taken_is_forgotten(void **state)
{
	char *text = strdup("x"), *taken = take_ptr(&text);
	int fd = 7;

	(void)state;
	check(!text && taken && !strcmp(taken, "x"), "take_ptr");
	check(take_fd(&fd) == 7 && fd == -1, "take_fd");
	free(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(buf_starts_empty),
		unit(buf_grows_and_ends_with_nul),
		unit(buf_formats),
		unit(buf_keeps_its_limit),
		unit(buf_stays_failed),
		unit(err_tells),
		unit(err_may_quote_itself),
		unit(err_may_be_null),
		unit(err_moves),
		unit(err_keeps_errno),
		unit(scopes_end_what_they_own),
		unit(what_is_taken_is_forgotten),
	};

	return cmocka_run_group_tests_name("buf and err", tests, NULL, NULL);
}
