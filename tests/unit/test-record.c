// SPDX-License-Identifier: MIT
/* rootfs/record: what is written reads back, and whatever looks otherwise is refused. */
#include "rootfs/record.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "rootfs/beneath.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RECORD(backup, made, time)                                                                                     \
	"anyarch-inject 1\ndigest " DIGEST "\nalso -\nbackup " backup "\nmade " made "\ntime " time "\n"

static void check_round(const char *also, unsigned backup, unsigned made, long long seconds, long nanoseconds)
{
	struct record in = { .digest = DIGEST,
		.has_backup = backup,
		.made_dirs = made,
		.dir_time = { seconds, nanoseconds } },
		      out;
	auto_buf text = { 0 };
	int r;

	snprintf(in.also, sizeof(in.also), "%s", also);
	memset(&out, 0xff, sizeof(out));
	record_render(&in, &text);
	r = record_parse(buf_text(&text), &out);
	check(!r, "'%s': returned %d", buf_text(&text), r);
	if (r)
		return;
	check(!strcmp(out.digest, in.digest), "digest %s", out.digest);
	check(!strcmp(out.also, also), "also '%s', not '%s'", out.also, also);
	check(out.has_backup == in.has_backup, "backup %d, not %d", out.has_backup, in.has_backup);
	check(out.made_dirs == in.made_dirs, "made %u, not %u", out.made_dirs, in.made_dirs);
	check(out.dir_time.tv_sec == (seconds < 0 ? 0 : seconds) && out.dir_time.tv_nsec == nanoseconds,
		"time %lld.%ld of %lld.%ld", (long long)out.dir_time.tv_sec, out.dir_time.tv_nsec, seconds,
		nanoseconds);
}

static void what_is_written_reads_back(void **state)
{
	(void)state;
	for (unsigned backup = 0; backup < 2; backup++)
		for (unsigned made = 0; made <= BENEATH_DIRS_MAX; made++)
			check_round(made % 2 ? DIGEST : "", backup, made, 1500000000, 123456789);
	check_round("", 0, 0, 0, 0);
	check_round("", 0, 0, 0, 999999999);
	check_round("", 0, 0, 0x7fffffff, 0);
	check_round("", 0, 0, 0x80000000LL, 1);
	check_round("", 0, 0, 0x3ffffffffLL, 1); /* the end of ext4's times */
	check_round("", 0, 0, -1, 0);		 /* before 1970 it is 1970 */
}

static void what_is_written_is_this_text(void **state)
{
	struct record record = { .digest = DIGEST, .has_backup = true, .made_dirs = 3, .dir_time = { 1500000000, 7 } };
	auto_buf text = { 0 };

	(void)state;
	record_render(&record, &text);
	assert_string_equal(buf_text(&text), RECORD("1", "3", "1500000000 7"));
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"anyarch-inject 1",
		"anyarch-inject 1\n",
		"anyarch-inject 2\n",
		" " RECORD("0", "0", "1 1"),
		"\xef\xbb\xbf" RECORD("0", "0", "1 1"),
		RECORD("0", "0", "1 1") "\n",
		RECORD("0", "0", "1 1") " ",
		RECORD("0", "0", "1 1") "more 1\n",
		RECORD("0", "0", "1 1") RECORD("0", "0", "1 1"),
		RECORD("2", "0", "1 1"),
		RECORD("-1", "0", "1 1"),
		RECORD("", "0", "1 1"),
		RECORD("yes", "0", "1 1"),
		RECORD(" 1", "0", "1 1"),
		RECORD("1 ", "0", "1 1"),
		RECORD("0x1", "0", "1 1"),
		RECORD("0", "65", "1 1"),
		RECORD("0", "-1", "1 1"),
		RECORD("0", "+1", "1 1"),
		RECORD("0", "4294967296", "1 1"),
		RECORD("0", "18446744073709551616", "1 1"),
		RECORD("0", "", "1 1"),
		RECORD("0", "0", ""),
		RECORD("0", "0", "1"),
		RECORD("0", "0", "1 "),
		RECORD("0", "0", " 1"),
		RECORD("0", "0", "1 1 1"),
		RECORD("0", "0", "1\t1"),
		RECORD("0", "0", "1.1 1"),
		RECORD("0", "0", "-1 1"),
		RECORD("0", "0", "1 -1"),
		RECORD("0", "0", "1 1000000000"),
		RECORD("0", "0", "9223372036854775808 1"),
		RECORD("0", "0", "99999999999999999999 1"),
		RECORD("0", "0\r", "1 1"),
		"anyarch-inject 1\ndigest " DIGEST "\nalso -\nmade 0\nbackup 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest " DIGEST "\nalso -\nbackup 0\ntime 1 1\n",
		"anyarch-inject 1\nDigest " DIGEST "\nalso -\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest\t" DIGEST "\nalso -\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest  " DIGEST "\nalso -\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest " DIGEST "0\nalso -\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest sha256:0123\nalso -\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest sha256:../../../../etc\nalso -\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest " DIGEST "\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest " DIGEST "\nalso \nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest " DIGEST "\nalso --\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest " DIGEST "\nalso sha256:0\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest -\nalso -\nbackup 0\nmade 0\ntime 1 1\n",
		"anyarch-inject 1\ndigest \nalso -\nbackup 0\nmade 0\ntime 1 1\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct record record = { .made_dirs = 77 };
		int r = record_parse(bad[i], &record);

		check(r == -EBADMSG, "%s: returned %d", shown(bad[i], strlen(bad[i])), r);
		check(record.made_dirs == 77, "%s: written to", shown(bad[i], strlen(bad[i])));
	}
}

static void any_prefix_and_any_lost_byte_is_refused(void **state)
{
	static const char good[] = RECORD("1", "12", "1500000000 123456789");
	char text[sizeof(good)];
	struct record record;

	(void)state;
	assert_int_equal(record_parse(good, &record), 0);
	for (size_t len = 0; len + 1 < sizeof(good); len++) {
		memcpy(text, good, len);
		text[len] = '\0';
		check(record_parse(text, &record) == -EBADMSG, "the first %zu bytes", len);
	}
	/* A byte that is replaced by one that stands nowhere in a record. */
	for (size_t i = 0; i + 1 < sizeof(good); i++) {
		memcpy(text, good, sizeof(good));
		text[i] = '~';
		check(record_parse(text, &record) == -EBADMSG, "byte %zu", i);
	}
}

static void names_fit_or_are_refused(void **state)
{
	char name[300], ret[256];

	(void)state;
	assert_int_equal(record_name("qemu-arm-static", ".anyarch", ret), 0);
	assert_string_equal(ret, ".qemu-arm-static.anyarch");
	for (size_t len = 240; len < sizeof(name); len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		check(record_name(name, ".anyarch", ret) == (len + 9 > 255 ? -ENAMETOOLONG : 0), "a name of %zu", len);
		check(strlen(ret) <= 255, "a name of %zu", len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(what_is_written_reads_back),
		unit(what_is_written_is_this_text),
		unit(anything_else_is_refused),
		unit(any_prefix_and_any_lost_byte_is_refused),
		unit(names_fit_or_are_refused),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
