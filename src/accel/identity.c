// SPDX-License-Identifier: MIT
/* Identifies a compiler or assembler by its bytes. */
#include "accel/identity.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/memory.h"

struct bytes {
	const char *data;
	size_t len;
};

static const char *find(const struct bytes *bytes, const char *from, const char *what, size_t len)
{
	return memmem(from, (size_t)(bytes->data + bytes->len - from), what, len);
}

/* Whether the text is a separate string: after NUL, or after a number among the constants. */
static bool has_text(const struct bytes *bytes, const char *text)
{
	size_t len = strlen(text);

	for (const char *at = bytes->data; at && (at = find(bytes, at, text, len + 1)); at++)
		if (at > bytes->data && !isprint((unsigned char)at[-1]))
			return true;
	return false;
}

static size_t version_length(const char *text)
{
	return isdigit((unsigned char)*text) ? strspn(text, "0123456789.") : 0;
}

/* Splits "Debian 12.2.0-14" into the vendor's words and the version. */
static bool split_package(struct identity *id)
{
	const char *at = id->package;
	size_t len;

	while (*at && !(isdigit((unsigned char)*at) && at > id->package && at[-1] == ' '))
		at++;
	len = version_length(at);
	if (!len || len >= sizeof(id->version) || (size_t)(at - id->package) > sizeof(id->vendor))
		return false;
	snprintf(id->vendor, sizeof(id->vendor), "%.*s", (int)(at - id->package) - 1, id->package);
	snprintf(id->version, sizeof(id->version), "%.*s", (int)len, at);
	return true;
}

static bool take_package(const char *text, size_t len, struct identity *id)
{
	if (!len || len >= sizeof(id->package))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isprint((unsigned char)text[i]) || text[i] == '%')
			return false;
	snprintf(id->package, sizeof(id->package), "%.*s", (int)len, text);
	return true;
}

/* gcc/version.cc: pkgversion_string is "(PACKAGE) ", a separate string. */
static bool find_gcc(const struct bytes *bytes, struct identity *id)
{
	for (const char *end = bytes->data; end && (end = find(bytes, end, ") ", 3)); end++) {
		const char *start = end;

		while (start > bytes->data && isprint((unsigned char)start[-1]) &&
			(size_t)(end - start) < sizeof(id->package))
			start--;
		if (start == bytes->data || isprint((unsigned char)start[-1]) || *start != '(' ||
			!take_package(start + 1, (size_t)(end - start) - 1, id) || !split_package(id))
			continue;
		if (has_text(bytes, id->version))
			return true;
	}
	return false;
}

/* bfd/version.m4: BFD_VERSION_STRING, with its --with-pkgversion. */
static bool find_binutils(const struct bytes *bytes, struct identity *id)
{
	static const char start[] = "(GNU Binutils";

	for (const char *at = bytes->data; at && (at = find(bytes, at, start, sizeof(start) - 1)); at++) {
		size_t left = (size_t)(bytes->data + bytes->len - at), len = strnlen(at, left), word;
		const char *close = memchr(at, ')', len);

		if (len == left || !close || close[1] != ' ' || !take_package(at + 1, (size_t)(close - at) - 1, id))
			continue;
		word = version_length(close + 2);
		if (!word || word >= sizeof(id->version) || close[2 + word])
			continue;
		snprintf(id->vendor, sizeof(id->vendor), "%.*s", (int)sizeof(id->vendor) - 1, id->package);
		snprintf(id->version, sizeof(id->version), "%.*s", (int)word, close + 2);
		return true;
	}
	return false;
}

bool identity_find(const char *data, size_t len, enum identity_kind kind, const char *target, struct identity *ret)
{
	struct bytes bytes = { data, len };
	struct identity id = { 0 };
	bool is_found = len && (kind == IDENTITY_GCC		   ? find_gcc(&bytes, &id)
				       : kind == IDENTITY_BINUTILS ? find_binutils(&bytes, &id)
								   : true);

	if (!is_found || (target && kind != IDENTITY_NONE && !has_text(&bytes, target)))
		return false;
	*ret = id;
	return true;
}

int identity_read(int fd, bool is_ours, enum identity_kind kind, const char *target, struct identity *ret)
{
	auto_free char *data = NULL;
	struct stat st;
	ssize_t n;

	if (kind == IDENTITY_NONE)
		return 1;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > IDENTITY_FILE_MAX)
		return -E2BIG;
	if (is_ours && st.st_size) {
		void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		bool is_found;

		if (at == MAP_FAILED)
			return -errno;
		is_found = identity_find(at, (size_t)st.st_size, kind, target, ret);
		munmap(at, (size_t)st.st_size);
		return is_found;
	}
	data = mem_new(1, (size_t)st.st_size + 1);
	n = fd_pread(fd, data, (size_t)st.st_size, 0);
	return n < 0 ? (int)n : identity_find(data, (size_t)n, kind, target, ret);
}

bool identity_is_equal(const struct identity *a, const struct identity *b)
{
	return !strcmp(a->version, b->version) && !strcmp(a->vendor, b->vendor);
}
