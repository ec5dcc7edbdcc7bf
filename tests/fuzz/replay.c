// SPDX-License-Identifier: MIT
/* Runs a fuzz target over files, and over all files of directories, without a fuzzer. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "fuzz.h"

enum { INPUT_MAX = 64 << 20, SECONDS_MAX = 60 };

static unsigned long count;

static int replay_file(int at, const char *name)
{
	auto_fd fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	auto_buf input = { 0 };
	auto_free uint8_t *exact = NULL;

	if (fd < 0 || fd_read_all(fd, INPUT_MAX, &input))
		return fprintf(stderr, "%s: cannot be read\n", name), 1;
	exact = malloc(input.len ? input.len : 1); /* so that a read behind its end is seen */
	must(exact);
	if (input.len)
		memcpy(exact, input.data, input.len);
	alarm(SECONDS_MAX);
	LLVMFuzzerTestOneInput(exact, input.len);
	count++;
	return 0;
}

static int replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int status = 0;

	if (!dir)
		return errno == ENOTDIR ? replay_file(AT_FDCWD, path)
					: (fprintf(stderr, "%s: %s\n", path, strerror(errno)), 1);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			status |= replay_file(dirfd(dir), entry->d_name);
	closedir(dir);
	return status;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++)
		status |= replay(argv[i]);
	fprintf(stderr, "%lu inputs\n", count);
	return status || !count;
}
