// SPDX-License-Identifier: MIT
/* The records of apk (Alpine): apk-package(5), with the files of each package in its paragraph. */
#include "accel/packages.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"

/* The start of the paragraph that contains at. */
static const char *paragraph(const struct packages *p, const char *at)
{
	const char *start = p->records.data;

	while (at > start && !(at[-1] == '\n' && (at - 1 == start || at[-2] == '\n')))
		at--;
	return at;
}

/* All records are of installed packages, and of one architecture. */
static const char *find(const struct packages *p, const char *name)
{
	auto_buf line = { 0 };
	const char *at = buf_text(&p->records);

	/* The only one with another name in tools.c. */
	buf_addf(&line, "P:%s\n", strcmp(name, "xz-utils") ? name : "xz");
	while ((at = strstr(at, buf_text(&line))) && at != p->records.data && at[-1] != '\n')
		at++;
	return at ? paragraph(p, at) : NULL;
}

/* The package that provides a library, in a line "p:so:libacl.so.1=1.1.2302 cmd:chacl=2.3.2-r1". */
static bool find_provider(const struct packages *p, const char *library, struct packages_field *ret)
{
	const char *at = buf_text(&p->records);
	auto_buf word = { 0 };

	buf_addf(&word, "%s=", library);
	while ((at = strstr(at, "\np:"))) {
		const char *end = strchrnul(at + 1, '\n');

		for (; (at = memmem(at, (size_t)(end - at), word.data, word.len)); at++)
			if (at[-1] == ':' || at[-1] == ' ')
				return packages_find_field(paragraph(p, at), "P", ret);
		at = end;
	}
	return false;
}

/* Compares what provides the libraries in "/bin/sh so:libacl.so.1 so:libc.musl-armv7.so.1". */
static bool has_same(const struct packages_field *depends, const struct packages *a, const struct packages *b)
{
	const char *at = depends->text, *end = depends->text + depends->len;
	size_t n = 0;

	for (; at < end; at += strspn(at, " ")) {
		size_t len = strcspn(at, " \n");
		struct packages_field provider;
		char library[128], name[64];

		if (str_starts(at, "so:")) {
			if (len >= sizeof(library) || n++ == PACKAGES_LIBRARIES_MAX)
				return false;
			snprintf(library, sizeof(library), "%.*s", (int)len, at);
			if (!find_provider(a, library, &provider) || provider.len >= sizeof(name))
				return false;
			snprintf(name, sizeof(name), "%.*s", (int)provider.len, provider.text);
			if (!packages_has_same_upstream(a, b, name))
				return false;
		}
		at += len;
	}
	return true;
}

/* Directories are lines "F:usr/bin"; their files "R:sed", each followed by "Z:Q1" and its SHA-1. */
static int owns(const struct packages *p, const char *at, const struct packages_file *file)
{
	struct packages_field line = { .text = at };
	bool is_bin = false, is_file = false;
	auto_buf digest = { 0 };
	int r;

	(void)p;
	buf_adds(&digest, "Z:Q1");
	r = digest_sha1_file(file->fd, &digest);
	for (; !r && *line.text && *line.text != '\n'; line.text += line.len + (line.text[line.len] == '\n')) {
		line.len = (size_t)(strchrnul(line.text, '\n') - line.text);
		if (str_starts(line.text, "F:")) {
			is_bin = packages_is_word(&line, "F:bin") || packages_is_word(&line, "F:usr/bin");
			is_file = false;
		} else if (str_starts(line.text, "R:")) {
			size_t len = strlen(file->program);

			is_file = is_bin && line.len == len + 2 && !memcmp(line.text + 2, file->program, len);
		} else if (is_file && packages_is_word(&line, buf_text(&digest))) {
			return 1;
		}
	}
	return r;
}

const struct packages_format packages_apk = {
	/* The second since apk 3. */
	.records = { "/lib/apk/db/installed", "/usr/lib/apk/db/installed" },
	.version = "V",
	.depends = { "D" },
	.find = find,
	.has_same = has_same,
	.owns = owns,
};
