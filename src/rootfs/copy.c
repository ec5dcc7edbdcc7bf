// SPDX-License-Identifier: MIT
/* Copies an emulator to a file: content, attributes, and its digest. */
#include "rootfs/copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fdio.h"

int copy_content(int from, int to)
{
	struct stat st;

	if (!ioctl(to, FICLONE, from))
		return 0;
	return fstat(from, &st) < 0 ? -errno : fd_copy_range(from, 0, to, (uint64_t)st.st_size);
}

int copy_attributes(int from, int to, const int64_t *latest)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	times[0] = times[1] = st.st_mtim;
	if (latest && times[1].tv_sec >= *latest)
		times[1] = times[0] = (struct timespec){ .tv_sec = (time_t)*latest };
	if (geteuid() == 0 && fchown(to, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
		return -errno;
	return fchmod(to, 0755) < 0 || futimens(to, times) < 0 ? -errno : 0;
}

static void *hash(void *source)
{
	struct inject_source *s = source;

	if (digest_file(s->emulator.fd, s->digest))
		*s->digest = '\0';
	return NULL;
}

void hashing_start(struct hashing *h, struct inject_source *source)
{
	if (h->source || *source->digest)
		return;
	if (!pthread_create(&h->thread, NULL, hash, source))
		h->source = source;
}

void hashing_wait(struct hashing *h)
{
	if (h->source)
		pthread_join(h->thread, NULL);
	h->source = NULL;
}
