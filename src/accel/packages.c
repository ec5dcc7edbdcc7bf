// SPDX-License-Identifier: MIT
/* Reads a root's dpkg database: packages and their files. */
#include "accel/packages.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/fdio.h"
#include "base/str.h"

enum { STATUS_MAX = 32 * 1024 * 1024, DIGESTS_MAX = 4 * 1024 * 1024 };

/* -ENOENT if the file is missing or unreadable. */
static int read_file(const struct tool_root *root, const char *path, size_t limit, struct buf *out)
{
	struct stat st;
	auto_fd fd = root->open(root->context, path, &st);
	int r = fd < 0 ? fd : fd_read_all(fd, limit, out);

	if (r)
		buf_done(out);
	return !r || r == -EIO || r == -EINTR ? r : -ENOENT;
}

int packages_read(const struct tool_root *root, const char *arch, struct packages *ret)
{
	int r = read_file(root, PACKAGES_STATUS, STATUS_MAX, &ret->status);

	snprintf(ret->arch, sizeof(ret->arch), "%s", arch);
	return r == -ENOENT ? 0 : r;
}

void packages_done(struct packages *packages)
{
	buf_done(&packages->status);
}

/* Finds a field of the first paragraph of text (deb-control(5)); of a multiline field, its first line. */
static bool find_field(const char *text, const char *name, struct packages_field *ret)
{
	size_t len = strlen(name);

	while (*text && *text != '\n') {
		const char *end = strchrnul(text, '\n');

		if (!strncmp(text, name, len) && text[len] == ':') {
			ret->text = text + len + 1 + strspn(text + len + 1, " ");
			ret->len = (size_t)(end - ret->text);
			return true;
		}
		text = *end ? end + 1 : end;
	}
	return false;
}

static bool is_word(const struct packages_field *field, const char *word)
{
	return field->len == strlen(word) && !memcmp(field->text, word, field->len);
}

/* The paragraph of an installed package of this architecture or "all"; NULL. */
static const char *find_package(const struct packages *p, const char *name)
{
	auto_buf line = { 0 };
	const char *at = buf_text(&p->status);

	buf_addf(&line, "Package: %s\n", name);
	while (at && (at = strstr(at, buf_text(&line)))) {
		struct packages_field status, arch;

		if ((at == p->status.data || at[-1] == '\n') && find_field(at, "Status", &status) &&
			is_word(&status, "install ok installed") && find_field(at, "Architecture", &arch) &&
			(is_word(&arch, p->arch) || is_word(&arch, "all")))
			return at;
		at = strstr(at, "\n\n");
	}
	return NULL;
}

bool packages_version(const struct packages *p, const char *name, struct packages_field *ret)
{
	const char *at = find_package(p, name);

	return at && find_field(at, "Version", ret);
}

/* Strips Debian's revision (deb-version(7)). */
static struct packages_field upstream(struct packages_field version)
{
	const char *dash = memrchr(version.text, '-', version.len);

	if (dash)
		version.len = (size_t)(dash - version.text);
	return version;
}

static bool has_same_upstream(const struct packages *a, const struct packages *b, const char *name)
{
	struct packages_field one, other;

	if (!packages_version(a, name, &one))
		return true; /* an alternative that is not installed */
	if (!packages_version(b, name, &other))
		return false;
	one = upstream(one);
	other = upstream(other);
	return one.len == other.len && !memcmp(one.text, other.text, one.len);
}

/* Compares the names that begin with "lib" in "libacl1 (>= 2.2.23), libc6:any (>= 2.34) | x". */
static bool has_same_of(const struct packages_field *depends, const struct packages *a, const struct packages *b)
{
	const char *at = depends->text, *end = depends->text + depends->len;

	while (at < end) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
		char name[64];

		if (len > 3 && len < sizeof(name) && str_starts(at, "lib")) {
			snprintf(name, sizeof(name), "%.*s", (int)len, at);
			if (!has_same_upstream(a, b, name))
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

bool packages_has_same_libraries(const struct packages *p, const char *name, const struct packages *other)
{
	const char *at = find_package(p, name);
	struct packages_field depends;

	return at && (!find_field(at, "Depends", &depends) || has_same_of(&depends, p, other)) &&
	       (!find_field(at, "Pre-Depends", &depends) || has_same_of(&depends, p, other));
}

void packages_digests_path(const struct packages *p, const char *name, int which, struct buf *out)
{
	buf_addf(out, "/var/lib/dpkg/info/%s%s%s.md5sums", name, which ? ":" : "", which ? p->arch : "");
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

int packages_owns(const struct packages *p, const struct tool_root *root, const char *name, const char *program, int fd)
{
	auto_buf digests = { 0 };
	char have[DIGEST_MD5_TEXT];
	int r = -ENOENT;

	for (int i = 0; r == -ENOENT && i < 2; i++) {
		auto_buf path = { 0 };

		packages_digests_path(p, name, i, &path);
		r = read_file(root, buf_text(&path), DIGESTS_MAX, &digests);
	}
	if (r)
		return r == -ENOENT ? 0 : r;
	r = digest_md5_file(fd, have);
	return r ? r : has_line(&digests, have, "usr/bin", program) || has_line(&digests, have, "bin", program);
}
