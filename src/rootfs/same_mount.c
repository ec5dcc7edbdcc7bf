// SPDX-License-Identifier: MIT
/*
 * Whether two directories are in the same mount. musl before 1.2.4 has no statx and later ones no mount IDs, so this
 * file includes the kernel's header, which conflicts with musl's sys/stat.h.
 */
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rootfs/beneath.h"

static bool ask(int fd, struct statx *ret)
{
	return !syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, ret);
}

bool beneath_is_same_mount(int a, int b)
{
	struct statx x = { 0 }, y = { 0 };

	if (!ask(a, &x) || !ask(b, &y))
		return false;
	if (x.stx_mask & y.stx_mask & STATX_MNT_ID)
		return x.stx_mnt_id == y.stx_mnt_id;
	return x.stx_dev_major == y.stx_dev_major && x.stx_dev_minor == y.stx_dev_minor;
}
