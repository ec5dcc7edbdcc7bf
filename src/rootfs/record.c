// SPDX-License-Identifier: MIT
/* The record: a small file beside an injected emulator that says what to undo. */
#include "rootfs/record.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "rootfs/beneath.h"

#define HEAD "anyarch-inject 1\n"

int record_name(const char *name, const char *suffix, char ret[256])
{
	int n = snprintf(ret, 256, ".%s%s", name, suffix);

	return n < 256 ? 0 : -ENAMETOOLONG;
}

void record_render(const struct record *r, struct buf *out)
{
	buf_adds(out, HEAD);
	buf_addf(out, "digest %s\nalso %s\nbackup %u\nmade %u\ntime %lld %ld\n", r->digest, *r->also ? r->also : "-",
		r->has_backup, r->made_dirs, (long long)(r->dir_time.tv_sec < 0 ? 0 : r->dir_time.tv_sec),
		r->dir_time.tv_nsec);
}

/* Consumes a line "KEY VALUE\n"; false if the next line is not one with this key. */
static bool take(const char **text, const char *key, char *value, size_t size)
{
	size_t klen = strlen(key), len;

	if (strncmp(*text, key, klen) || (*text)[klen] != ' ')
		return false;
	*text += klen + 1;
	len = strcspn(*text, "\n");
	if (len >= size || (*text)[len] != '\n')
		return false;
	memcpy(value, *text, len);
	value[len] = '\0';
	*text += len + 1;
	return true;
}

int record_parse(const char *text, struct record *ret)
{
	struct record r = { 0 };
	unsigned long backup, made, seconds, nanoseconds;
	char value[128], *space;

	if (!str_starts(text, HEAD))
		return -EBADMSG;
	text += strlen(HEAD);
	if (!take(&text, "digest", r.digest, sizeof(r.digest)) || !digest_is_valid(r.digest) ||
		!take(&text, "also", r.also, sizeof(r.also)) || (strcmp(r.also, "-") && !digest_is_valid(r.also)) ||
		!take(&text, "backup", value, sizeof(value)) || str_to_uint(value, 1, &backup) ||
		!take(&text, "made", value, sizeof(value)) || str_to_uint(value, BENEATH_DIRS_MAX, &made) ||
		!take(&text, "time", value, sizeof(value)) || *text || !(space = strchr(value, ' ')))
		return -EBADMSG;
	*space = '\0';
	if (str_to_uint(value, LONG_MAX, &seconds) || str_to_uint(space + 1, 999999999, &nanoseconds))
		return -EBADMSG;
	if (!strcmp(r.also, "-"))
		*r.also = '\0';
	r.has_backup = backup;
	r.made_dirs = (unsigned)made;
	r.dir_time = (struct timespec){ (time_t)seconds, (long)nanoseconds };
	*ret = r;
	return 0;
}
