// SPDX-License-Identifier: MIT
/* binfmt/persist: files of our own in binfmt.d, written whole, and nobody else's touched. */
#include "binfmt/persist.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/str.h"
#include "scratch.h"

#define FOREIGN ":qemu-arm:M::abc::/usr/bin/other:F\n"

static struct rule rule_named(const char *name)
{
	return rule_for_arch(arch_by_qemu("arm"), 0, name, "/usr/bin/qemu-arm", RULE_FIXED);
}

/* The file has comments, and else the rule, in one line. */
static void check_content(const struct scratch *s, const char *file, const struct rule *rule)
{
	auto_fd fd = openat(s->dir, file, O_RDONLY | O_CLOEXEC);
	auto_buf content = { 0 }, line = { 0 };
	auto_rule back = { 0 };
	const char *text;
	struct stat st;

	check(fd >= 0 && !fd_read_all(fd, 1 << 16, &content), "%s is not there", file);
	text = buf_text(&content);
	while (*text == '#')
		text = strchrnul(text, '\n') + 1;
	rule_render(rule, &line, NULL);
	buf_adds(&line, "\n");
	check(!strcmp(text, buf_text(&line)), "'%s'", text);
	check(!rule_parse(text, strlen(text), &back, NULL) && rule_same_match(rule, &back), "another rule");
	check(!fstat(fd, &st) && (st.st_mode & 07777) == 0644, "mode %o", st.st_mode & 07777);
}

static void written_replaced_and_removed(void **state)
{
	const struct scratch *s = *state;
	auto_rule rule = rule_named("qemu-arm");
	auto_err e = { 0 };

	scratch_mkdir(s, "etc");
	for (unsigned i = 0; i < 2; i++) {
		check_code("write", persist_write(s->path, &rule, false, &e), 0, &e);
		check_content(s, "etc/binfmt.d/qemu-arm.conf", &rule);
		rule.flags |= RULE_PRESERVE_ARGV0;
	}
	check(scratch_count(s, "etc/binfmt.d") == 1, "%u files", scratch_count(s, "etc/binfmt.d"));
	check_code("remove", persist_remove(s->path, "qemu-arm", &e) - 1, 0, &e);
	check_code("remove again", persist_remove(s->path, "qemu-arm", &e), 0, &e);
	check(scratch_count(s, "etc/binfmt.d") == 0, "it is still there");
}

static void foreign_files_stay(void **state)
{
	const struct scratch *s = *state;
	auto_rule rule = rule_named("qemu-arm");
	auto_err e = { 0 };

	scratch_write(s, "etc/binfmt.d/qemu-arm.conf", FOREIGN, strlen(FOREIGN), 0644);
	check_code("write", persist_write(s->path, &rule, false, &e), -EEXIST, &e);
	check_sentence("write", &e);
	err_done(&e);
	check_code("remove", persist_remove(s->path, "qemu-arm", &e), 0, &e);
	check(scratch_holds(s, "etc/binfmt.d/qemu-arm.conf", FOREIGN, strlen(FOREIGN)), "changed");
	check_code("replace", persist_write(s->path, &rule, true, &e), 0, &e);
	check_content(s, "etc/binfmt.d/qemu-arm.conf", &rule);
}

/* Under the name there is no regular file: a link, a FIFO that nobody feeds, a directory. */
static void odd_files_stay(void **state)
{
	const struct scratch *s = *state;
	auto_rule a = rule_named("link"), b = rule_named("fifo"), c = rule_named("dir");
	struct rule *rules[] = { &a, &b, &c };

	scratch_write(s, "outside", "kept", 4, 0644);
	scratch_mkdir(s, "etc/binfmt.d/dir.conf");
	assert_int_equal(symlinkat("../../outside", s->dir, "etc/binfmt.d/link.conf"), 0);
	assert_int_equal(mkfifoat(s->dir, "etc/binfmt.d/fifo.conf", 0600), 0);
	alarm(10);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_err e = { 0 };

		check_code(rules[i]->name, persist_write(s->path, rules[i], false, &e), -EEXIST, &e);
		err_done(&e);
		check_code(rules[i]->name, persist_remove(s->path, rules[i]->name, &e), 0, &e);
	}
	check(scratch_count(s, "etc/binfmt.d") == 3, "%u are left", scratch_count(s, "etc/binfmt.d"));
	check(scratch_holds(s, "outside", "kept", 4), "the file behind the link is changed");
}

static void a_bad_rule_writes_nothing(void **state)
{
	const struct scratch *s = *state;
	auto_rule rule = rule_named("../../outside");
	auto_err e = { 0 };

	scratch_mkdir(s, "etc");
	check_code("write", persist_write(s->path, &rule, true, &e), -EBADMSG, &e);
	check(!scratch_count(s, "etc") || !scratch_count(s, "etc/binfmt.d"), "something is written");
	check(scratch_count(s, ".") == 1, "something is written outside");
}

static void no_etc_is_an_error(void **state)
{
	const struct scratch *s = *state;
	auto_rule rule = rule_named("qemu-arm");
	auto_err e = { 0 };

	check_code("write", persist_write(s->path, &rule, false, &e), -ENOENT, &e);
	check_sentence("write", &e);
	err_done(&e);
	check_code("remove", persist_remove(s->path, "qemu-arm", &e), 0, &e);
	check(scratch_count(s, ".") == 0, "something is written");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_in_scratch(written_replaced_and_removed),
		unit_in_scratch(foreign_files_stay),
		unit_in_scratch(odd_files_stay),
		unit_in_scratch(a_bad_rule_writes_nothing),
		unit_in_scratch(no_etc_is_an_error),
	};

	return cmocka_run_group_tests_name("persist", tests, NULL, NULL);
}
