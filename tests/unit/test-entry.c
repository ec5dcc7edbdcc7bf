// SPDX-License-Identifier: MIT
/* binfmt/rule: entries as the kernel shows them, and those that somebody forged. */
#include <dirent.h>
#include <string.h>

#include "base/str.h"
#include "binfmt/rule.h"
#include "check.h"
#include "data.h"

/* Entry files as kernels show them. */
static const struct entry {
	const char *file, *interpreter, *flags, *extension, *magic, *mask;
	unsigned offset;
	bool is_enabled;
} entries[] = {
	{ "ok-entry-fixed", "/usr/bin/qemu-aarch64-static", "F", NULL, "7f454c460201010000000000000000000200b700",
		"ffffffffffffff00000000fffffffffffeffffff", 0, true },
	{ "ok-entry-disabled", "/usr/bin/qemu-aarch64-static", "OCF", NULL, "7f454c460201010000000000000000000200b700",
		"ffffffffffffff00fffffffffffffffffeffffff", 0, false },
	{ "ok-entry-no-flags", "/usr/bin/wine", "", NULL, "4d5a", "ffff", 0, true },
	{ "ok-entry-all-flags", "/usr/libexec/qemu-binfmt/arm-binfmt-P", "POCF", NULL,
		"7f454c4601010100000000000000000002002800", "ffffffffffffff00fffffffffffffffffeffffff", 0, true },
	{ "ok-entry-offset", "/usr/bin/python3.11", "", NULL, "a70d0a", "ffffff", 253, true },
	{ "ok-entry-extension", "/usr/bin/mono", "P", "exe", "", "", 0, true },
	{ "ok-entry-extension-disabled", "/bin/cat", "", ".", "", "", 0, false },
	{ "ok-entry-interpreter-with-blanks", "/opt/my emulator/qemu  arm ", "PF", NULL, "41", "ff", 0, true },
	{ "ok-entry-whole-window", "/i", "", NULL, NULL, NULL, 0, true },
};

static void check_entry(const struct entry *want, const struct rule *got)
{
	struct rule bytes = { 0 };
	char flags[RULE_FLAGS_TEXT];

	if (want->magic) {
		bytes.size = (size_t)str_from_hex(want->magic, bytes.magic, sizeof(bytes.magic));
		str_from_hex(want->mask, bytes.mask, sizeof(bytes.mask));
	} else {
		bytes.size = RULE_WINDOW;
		memset(bytes.magic, 0xab, RULE_WINDOW);
		memset(bytes.mask, 0xff, RULE_WINDOW);
	}
	rule_flags_text(got->flags, flags);
	check(!strcmp(got->name, "name"), "%s: named %s", want->file, got->name);
	check(!strcmp(got->interpreter, want->interpreter), "%s: '%s'", want->file, got->interpreter);
	check(!strcmp(flags, want->flags), "%s: flags %s", want->file, flags);
	check(got->is_enabled == want->is_enabled, "%s: enabled %d", want->file, got->is_enabled);
	check(!want->extension == !got->extension && (!want->extension || !strcmp(want->extension, got->extension)),
		"%s: extension '%s'", want->file, got->extension ? got->extension : "");
	check(got->offset == want->offset && got->size == bytes.size, "%s: %zu bytes at %u", want->file, got->size,
		got->offset);
	check(!memcmp(got->magic, bytes.magic, bytes.size) && !memcmp(got->mask, bytes.mask, bytes.size),
		"%s: other bytes", want->file);
}

static void entries_are_parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		auto_buf text = data_file(entries[i].file);
		auto_rule rule = { 0 };
		auto_err e = { 0 };
		int r = rule_parse_entry("name", buf_text(&text), &rule, &e);

		check_code(entries[i].file, r, 0, &e);
		if (!r)
			check_entry(&entries[i], &rule);
	}
}

static void check_bad_entry(const char *file)
{
	auto_buf text = data_file(file);
	struct rule rule = { 0 };
	auto_err e = { 0 };
	int r = rule_parse_entry("name", buf_text(&text), &rule, &e);

	check_code(file, r, -EBADMSG, &e);
	if (!r) {
		rule_done(&rule);
		return;
	}
	check_sentence(file, &e);
	check(!rule.name && !rule.interpreter && !rule.size, "%s: refused, but filled in", file);
}

static void forged_and_broken_entries_are_refused(void **state)
{
	DIR *dir = opendir(data_dir());
	struct dirent *file;
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((file = readdir(dir)))
		if (str_starts(file->d_name, "bad-entry-")) {
			check_bad_entry(file->d_name);
			n++;
		}
	closedir(dir);
	check(n > 30, "only %zu files", n);
}

/* Each good entry cut anywhere is refused or is the same without its last lines. */
static void cut_entries_are_never_another_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		auto_buf text = data_file(entries[i].file);
		auto_rule whole = { 0 };

		assert_int_equal(rule_parse_entry("name", text.data, &whole, NULL), 0);
		while (text.len > 0) {
			auto_rule rule = { 0 };

			text.data[--text.len] = '\0';
			if (!rule_parse_entry("name", text.data, &rule, NULL))
				check(!strcmp(rule.interpreter, whole.interpreter) && rule.flags == whole.flags &&
						rule.size == whole.size && strstr(text.data, "magic"),
					"%s cut after %zu bytes", entries[i].file, text.len);
		}
	}
}

static void long_entries_are_refused(void **state)
{
	auto_buf text = { 0 };
	auto_rule rule = { 0 };

	(void)state;
	buf_adds(&text, "enabled\ninterpreter /");
	while (text.len < RULE_ENTRY_MAX + 100)
		buf_adds(&text, "i");
	buf_adds(&text, "\nflags: \noffset 0\nmagic 41\n");
	check(rule_parse_entry("name", text.data, &rule, NULL) == -EBADMSG, "taken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(entries_are_parsed),
		unit(forged_and_broken_entries_are_refused),
		unit(cut_entries_are_never_another_rule),
		unit(long_entries_are_refused),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
