// SPDX-License-Identifier: MIT
/* Temporary files for copies of images and layers. */
#include "image/tmpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

const char *image_tmpdir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/var/tmp";
}

int image_tmpfile(void)
{
	const char *chosen = getenv("TMPDIR");
	bool is_chosen = chosen && *chosen;
	int flags = O_TMPFILE | O_RDWR | O_CLOEXEC;
	int fd = open(image_tmpdir(), flags, 0600), code = errno;

	if (fd < 0 && !is_chosen)
		fd = open("/tmp", flags, 0600);
	if (fd < 0 && !is_chosen)
		fd = memfd_create("copy", MFD_CLOEXEC);
	return fd < 0 ? -code : fd;
}
