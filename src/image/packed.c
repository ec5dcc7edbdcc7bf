// SPDX-License-Identifier: MIT
/* Unpacks an emulator that is published as a program in a compressed tar. */
#include "image/packed.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/fdio.h"
#include "base/str.h"
#include "image/tar_read.h"

static bool is_emulator(const struct tar_entry *entry)
{
	return entry->type == TAR_FILE && str_starts(str_basename(entry->path), "qemu-");
}

static int unpack(struct tar_reader *tar, struct err *e)
{
	auto_fd fd = memfd_create("emulator", MFD_CLOEXEC);
	char block[32 * 1024];
	ssize_t n;
	int r = fd < 0 ? -errno : 0;

	if (tar->entry.size > LIMIT_PACKED)
		return err_set(e, -E2BIG, "%s has more than %d bytes", tar->entry.path, LIMIT_PACKED);
	while (!r && (n = tar_read(tar, block, sizeof(block), e)) != 0)
		r = n < 0 ? (int)n : fd_write(fd, block, (size_t)n);
	if (!r && fchmod(fd, 0755) < 0)
		r = -errno;
	if (!r)
		return take_fd(&fd);
	return e && e->code ? e->code : err_sys(e, r, "cannot unpack it");
}

int packed_open(int fd, struct err *e)
{
	struct source *source;
	struct tar_reader tar;
	const char *codec;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at it");
	source = source_decode(source_range(fd, 0, (uint64_t)st.st_size), &codec, e);
	if (!source)
		return e ? e->code : -EBADMSG;
	tar_init(&tar, source, false);
	while ((r = tar_next(&tar, e)) > 0 && !is_emulator(&tar.entry))
		;
	r = r > 0 ? unpack(&tar, e) : r < 0 ? r : err_set(e, -ENOENT, "it contains no qemu-*");
	tar_done(&tar);
	source_free(source);
	return r;
}
