// SPDX-License-Identifier: MIT
/* An emulator on its way into a file: its bytes, its attributes, its digest. */
#include "rootfs/copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fdio.h"

enum { COPY_CHUNK = 2 * 1024 * 1024 };

void copy_begin_writing(int fd)
{
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

int copy_content(int from, int to)
{
	struct stat st;
	off_t done = 0;

	if (!ioctl(to, FICLONE, from))
		return 0;
	if (fstat(from, &st) < 0)
		return -errno;
	while (done < st.st_size) {
		size_t want = (size_t)MIN_OF(st.st_size - done, (off_t)COPY_CHUNK);
		ssize_t n = copy_file_range(from, &done, to, NULL, want, 0);

		if (n < 0 && (errno == EINVAL || errno == EXDEV || errno == ENOSYS || errno == EPERM ||
				     errno == EOPNOTSUPP))
			return fd_copy(from, to);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			break;
		copy_begin_writing(to);
	}
	return 0;
}

int copy_attributes(int fd, const struct inject_request *request)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(request->source->emulator.fd, &st) < 0)
		return -errno;
	times[0] = times[1] = st.st_mtim;
	if (request->has_epoch && times[1].tv_sec >= request->epoch)
		times[0] = times[1] = (struct timespec){ .tv_sec = (time_t)request->epoch };
	if (geteuid() == 0 && fchown(fd, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
		return -errno;
	return fchmod(fd, 0755) < 0 || futimens(fd, times) < 0 ? -errno : 0;
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
