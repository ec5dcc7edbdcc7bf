// SPDX-License-Identifier: MIT
/* Reads a root's package records: packages and their files. */
#include "accel/packages.h"

#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/memory.h"

enum { RECORDS_MAX = 32 * 1024 * 1024 };

static const struct packages_format *const formats[] = { &packages_dpkg, &packages_apk };

int packages_read_file(const struct tool_root *root, const char *path, size_t limit, struct buf *out)
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
	int r = -ENOENT;

	snprintf(ret->arch, sizeof(ret->arch), "%s", arch);
	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(formats); i++) {
		ret->format = formats[i];
		for (size_t k = 0; r == -ENOENT && k < ARRAY_SIZE(formats[i]->records) && formats[i]->records[k]; k++)
			r = packages_read_file(root, formats[i]->records[k], RECORDS_MAX, &ret->records);
	}
	return r == -ENOENT ? 0 : r;
}

void packages_done(struct packages *packages)
{
	buf_done(&packages->records);
}

bool packages_find_field(const char *text, const char *name, struct packages_field *ret)
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

bool packages_is_word(const struct packages_field *field, const char *word)
{
	return field->len == strlen(word) && !memcmp(field->text, word, field->len);
}

static const char *find_package(const struct packages *p, const char *name)
{
	return p->records.len ? p->format->find(p, name) : NULL;
}

bool packages_version(const struct packages *p, const char *name, struct packages_field *ret)
{
	const char *at = find_package(p, name);

	return at && packages_find_field(at, p->format->version, ret);
}

/* Strips the distribution's revision (deb-version(7), apk-package(5)). */
static struct packages_field upstream(struct packages_field version)
{
	const char *dash = memrchr(version.text, '-', version.len);

	if (dash)
		version.len = (size_t)(dash - version.text);
	return version;
}

bool packages_has_same_upstream(const struct packages *a, const struct packages *b, const char *name)
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

bool packages_has_same_libraries(const struct packages *p, const char *name, const struct packages *other)
{
	const char *at = find_package(p, name);
	struct packages_field depends;
	bool is_same = at && p->format == other->format;

	for (size_t i = 0; is_same && i < ARRAY_SIZE(p->format->depends) && p->format->depends[i]; i++)
		is_same = !packages_find_field(at, p->format->depends[i], &depends) ||
			  p->format->has_same(&depends, p, other);
	return is_same;
}

int packages_owns(const struct packages *p, const struct packages_file *file)
{
	const char *at = find_package(p, file->package);

	return at ? p->format->owns(p, at, file) : 0;
}
