// SPDX-License-Identifier: MIT
/* Opens a target of the command line: a file, a root file system or an image. */
#include "report/target.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/str.h"
#include "image/facts.h"
#include "rootfs/disk.h"

static int open_disk(const char *text, struct target *ret, struct err *e)
{
	int r = disk_open_dir(text, DISK_READ, &ret->partition, e);

	if (r == -ENOTDIR)
		return 0;
	ret->is_disk = true;
	if (r < 0)
		return r;
	cleanup_fd(&ret->fd);
	ret->fd = r;
	ret->kind = TARGET_ROOT;
	return 0;
}

int target_open(const char *text, struct target *ret, struct err *e)
{
	struct stat st;
	bool is_stdin;

	*ret = (struct target){ .fd = -1 };
	image_name_parse(text, &ret->name);
	is_stdin = !strcmp(ret->name.path, "-");
	ret->fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			   : open(ret->name.path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (ret->fd < 0 && errno == ENXIO)
		return err_set(e, -EBADMSG, "%s: neither a regular file nor a directory", text);
	if (ret->fd < 0 && errno == ENOENT) {
		int r = open_disk(text, ret, e);

		return r || ret->is_disk ? r : image_name_refuse(text, -ENOENT, e);
	}
	if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
		return image_name_refuse(text, -errno, e);
	if (!is_stdin && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, -EBADMSG, "%s: neither a regular file nor a directory", text);
	if (is_stdin || ret->name.is_image ||
		(S_ISDIR(st.st_mode) ? !faccessat(ret->fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW)
				     : image_looks_like(ret->fd)))
		ret->kind = TARGET_IMAGE;
	else if (!S_ISDIR(st.st_mode))
		return open_disk(text, ret, e);
	else if (image_name_is_dir(ret->fd))
		return image_name_refuse_dir(text, e);
	else if (!faccessat(ret->fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) || errno != ENOENT)
		return err_sys(e, -errno, "%s/oci-layout", text);
	else
		ret->kind = TARGET_ROOT;
	return 0;
}

int target_open_root(const char *text, struct err *e)
{
	int fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = fd < 0 ? -errno : fd;

	if (r == -ENOTDIR || r == -ENOENT) {
		fd = disk_open_dir(text, DISK_READ, NULL, e);
		r = fd == -ENOTDIR ? r : fd;
	}
	if (r >= 0 || e->code)
		return r;
	return r == -ENOTDIR ? disk_refuse_other(text, e) : err_sys(e, r, "%s", text);
}

void target_done(struct target *target)
{
	free(target->name.path);
	cleanup_fd(&target->fd);
}
