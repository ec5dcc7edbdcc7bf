// SPDX-License-Identifier: MIT
/* A directory of its own for a test, gone afterwards with all that is in it. */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"

int scratch_begin(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));
	const char *tmp = getenv("TMPDIR");

	check_begin(state);
	if (!s)
		return -1;
	*state = s;
	if (snprintf(s->path, sizeof(s->path), "%s/anyarch-unit-XXXXXX", tmp ? tmp : "/tmp") >= (int)sizeof(s->path) ||
		!mkdtemp(s->path))
		return -1;
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->dir < 0 ? -1 : 0;
}

static int remove_inside(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

void scratch_empty(const struct scratch *s)
{
	assert_int_equal(nftw(s->path, remove_inside, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
}

int scratch_end(void **state)
{
	struct scratch *s = *state;
	int r;

	scratch_empty(s);
	r = rmdir(s->path);
	close(s->dir);
	free(s);
	return r ? -1 : check_end(state);
}

void scratch_mkdir(const struct scratch *s, const char *name)
{
	char path[256];

	assert_true(strlen(name) < sizeof(path));
	for (size_t i = 0; i <= strlen(name); i++) {
		memcpy(path, name, i);
		path[i] = '\0';
		if (i && (name[i] == '/' || !name[i]) && mkdirat(s->dir, path, 0755) < 0)
			assert_int_equal(errno, EEXIST);
	}
}

void scratch_write(const struct scratch *s, const char *name, const void *data, size_t len, mode_t mode)
{
	const char *slash = strrchr(name, '/');
	auto_fd fd = -1;
	char above[256];

	if (slash) {
		snprintf(above, sizeof(above), "%.*s", (int)(slash - name), name);
		scratch_mkdir(s, above);
	}
	unlinkat(s->dir, name, 0);
	fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, data, len), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

unsigned scratch_count(const struct scratch *s, const char *name)
{
	int fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	unsigned n = 0;
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			n++;
	closedir(dir);
	return n;
}

bool scratch_holds(const struct scratch *s, const char *name, const void *data, size_t len)
{
	auto_fd fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_buf content = { 0 };

	return fd >= 0 && !fd_read_all(fd, 1 << 20, &content) && content.len == len &&
	       (!len || !memcmp(content.data, data, len));
}
