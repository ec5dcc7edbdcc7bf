// SPDX-License-Identifier: MIT
/* Input as an open file, and what is expected of every failure. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fdio.h"
#include "fuzz.h"

int fuzz_file(const void *data, size_t len)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("input", MFD_CLOEXEC);
	must(fd >= 0 && !ftruncate(fd, 0) && lseek(fd, 0, SEEK_SET) == 0);
	must(!fd_write(fd, data, len));
	return fd;
}

void fuzz_check(int code, const struct err *e)
{
	if (getenv("FUZZ_TELL"))
		fprintf(stderr, "%d %s\n", code, e->message ? e->message : "");
	must(code <= 0 && e->code == code);
	must(!code || (e->message && *e->message));
	must(code || !e->message);
}
