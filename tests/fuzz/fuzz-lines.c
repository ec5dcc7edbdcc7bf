// SPDX-License-Identifier: MIT
/* binfmt/rule, rootfs/record, arch/name, image/reference, accel/packages: what is refused is refused with a sentence,
 * and what is taken reads the same after it was written. */
#include <string.h>
#include <sys/mman.h>

#include "accel/packages.h"
#include "arch/name.h"
#include "base/fdio.h"
#include "binfmt/rule.h"
#include "fuzz.h"
#include "image/reference.h"
#include "rootfs/record.h"

static void check_flags(const struct rule *rule)
{
	char flags[RULE_FLAGS_TEXT];

	rule_flags_text(rule->flags, flags);
	must(strlen(flags) <= 4 && rule->size <= RULE_WINDOW && rule->offset <= RULE_WINDOW);
}

static void read_rule(const char *text, size_t len)
{
	auto_rule rule = { 0 }, again = { 0 };
	auto_buf out = { 0 };
	auto_err e = { 0 };
	int r = rule_parse(text, len, &rule, &e);

	fuzz_check(r, &e);
	if (r)
		return;
	check_flags(&rule);
	if (rule_render(&rule, &out, &e)) /* of what is parsed not all is what the kernel takes */
		return;
	must(out.len <= RULE_TEXT_MAX && !rule_parse(out.data, out.len, &again, &e));
	must(rule_same_match(&rule, &again) && rule.flags == again.flags);
	must(!strcmp(rule.name, again.name) && !strcmp(rule.interpreter, again.interpreter));
}

static void read_entry(const char *text)
{
	auto_rule rule = { 0 };
	auto_err e = { 0 };
	int r = rule_parse_entry("name", text, &rule, &e);

	fuzz_check(r, &e);
	must(!r || r == -EBADMSG);
	if (!r)
		check_flags(&rule);
}

static void read_record(const char *text)
{
	struct record record, again;
	auto_buf out = { 0 };

	if (record_parse(text, &record))
		return;
	record_render(&record, &out);
	must(!record_parse(buf_text(&out), &again));
	must(!strcmp(record.digest, again.digest) && !strcmp(record.also, again.also));
	must(record.has_backup == again.has_backup && record.made_dirs == again.made_dirs);
	must(record.dir_time.tv_sec == again.dir_time.tv_sec && record.dir_time.tv_nsec == again.dir_time.tv_nsec);
}

static void read_name(const char *text, size_t len)
{
	struct platform platform, again;
	auto_buf out = { 0 };
	auto_err e = { 0 };
	int r = name_parse(text, len, &platform, &e);

	fuzz_check(r, &e);
	must(!r || r == -EINVAL);
	if (r || !platform.arch->oci)
		return;
	name_platform(&out, platform.arch, platform.variant);
	must(!name_parse(out.data, out.len, &again, &e) && platform.arch == again.arch);
}

static void read_reference(const char *text)
{
	auto_buf full = { 0 };

	must(!reference_is_name(text) || (strlen(text) <= REFERENCE_NAME_MAX && !strpbrk(text, " \"\\\n")));
	must(!reference_is_tag(text) || (strlen(text) <= REFERENCE_TAG_MAX && !strpbrk(text, "/:")));
	if (!reference_is_loadable(text))
		return;
	must(!strpbrk(text, " \"\\\n"));
	reference_full(text, &full);
	must(strlen(buf_text(&full)) >= strlen(text));
}

/* A root in which the file at this path, and each list of digests, are the text. */
struct records {
	const char *text, *path;
};

static int open_record(void *context, const char *path, struct stat *st)
{
	const struct records *records = context;
	int fd = !strcmp(path, records->path) || strstr(path, ".md5sums") ? memfd_create("records", MFD_CLOEXEC)
									  : -ENOENT;

	memset(st, 0, sizeof(*st));
	must(fd == -ENOENT || (fd >= 0 && !fd_write(fd, records->text, strlen(records->text))));
	return fd;
}

static void read_packages(const char *text)
{
	static const char *const paths[] = { "/var/lib/dpkg/status", "/lib/apk/db/installed" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct records records = { text, paths[i] };
		const struct tool_root root = { open_record, &records };
		struct packages packages = { 0 };
		struct packages_field version;
		auto_fd fd = memfd_create("sed", MFD_CLOEXEC);
		int r;

		must(fd >= 0 && !packages_read(&root, "arm64", &packages));
		r = packages_owns(&packages, &(struct packages_file){ &root, "sed", "sed", fd });
		must(r == 0 || r == 1);
		if (packages_version(&packages, "sed", &version))
			must(version.text + version.len <= packages.records.data + packages.records.len);
		else
			must(!packages_has_same_libraries(&packages, "sed", &packages));
		must(!packages_has_same_libraries(&packages, "xz-utils", &(struct packages){ 0 }));
		packages_done(&packages);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	must(text);
	memcpy(text, data, len);
	text[len] = '\0';
	read_rule(text, len);
	read_entry(text);
	read_record(text);
	read_name(text, len);
	read_reference(text);
	read_packages(text);
	free(text);
	return 0;
}
