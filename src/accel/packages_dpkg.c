// SPDX-License-Identifier: MIT
/* The records of dpkg: deb-control(5), and digests of files in dpkg's info directory. */
#include "accel/packages.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"

/* Of this architecture or "all". */
static const char *find(const struct packages *p, const char *name)
{
	auto_buf line = { 0 };
	const char *at = buf_text(&p->records);

	buf_addf(&line, "Package: %s\n", name);
	while (at && (at = strstr(at, buf_text(&line)))) {
		struct packages_field status, arch;

		if ((at == p->records.data || at[-1] == '\n') && packages_find_field(at, "Status", &status) &&
			packages_is_word(&status, "install ok installed") &&
			packages_find_field(at, "Architecture", &arch) &&
			(packages_is_word(&arch, p->arch) || packages_is_word(&arch, "all")))
			return at;
		at = strstr(at, "\n\n");
	}
	return NULL;
}

/* Compares the names that begin with "lib" in "libacl1 (>= 2.2.23), libc6:any (>= 2.34) | x". */
static bool has_same(const struct packages_field *depends, const struct packages *a, const struct packages *b)
{
	const char *at = depends->text, *end = depends->text + depends->len;
	size_t n = 0;

	while (at < end) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
		char name[64];

		if (len > 3 && len < sizeof(name) && str_starts(at, "lib")) {
			snprintf(name, sizeof(name), "%.*s", (int)len, at);
			if (n++ == PACKAGES_LIBRARIES_MAX || !packages_has_same_upstream(a, b, name))
				return false;
		}
		at += len;
		while (at < end && *at != ',' && *at != '|')
			at++;
		while (at < end && !islower((unsigned char)*at))
			at++;
	}
	return true;
}

/* Whether there is a line "DIGEST usr/bin/PROGRAM". */
static bool has_line(const struct buf *digests, const char *have, const char *dir, const char *program)
{
	auto_buf line = { 0 };
	const char *at;

	buf_addf(&line, "%s  %s/%s\n", have, dir, program);
	at = strstr(buf_text(digests), buf_text(&line));
	return at && (at == digests->data || at[-1] == '\n');
}

static int owns(const struct packages *p, const char *at, const struct packages_file *file)
{
	auto_buf digests = { 0 };
	char have[DIGEST_MD5_TEXT];
	int r = -ENOENT;

	(void)at;
	for (int i = 0; r == -ENOENT && i < 2; i++) {
		auto_buf path = { 0 };

		buf_addf(&path, "/var/lib/dpkg/info/%s%s%s.md5sums", file->package, i ? ":" : "", i ? p->arch : "");
		r = packages_read_file(file->root, buf_text(&path), PACKAGES_DIGESTS_MAX, &digests);
	}
	if (r)
		return r == -ENOENT ? 0 : r;
	r = digest_md5_file(file->fd, have);
	return r ? r
		 : has_line(&digests, have, "usr/bin", file->program) || has_line(&digests, have, "bin", file->program);
}

const struct packages_format packages_dpkg = {
	.records = { "/var/lib/dpkg/status" },
	.version = "Version",
	.depends = { "Depends", "Pre-Depends" },
	.find = find,
	.has_same = has_same,
	.owns = owns,
};
