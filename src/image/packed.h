/* SPDX-License-Identifier: MIT */
/* An emulator as it is published for download: one program in a compressed tar (x86_64_qemu-arm-static.tar.gz). */
#pragma once

#include "base/err.h"

/* Bytes of the one program; the largest emulators have 14 MiB. */
enum { LIMIT_PACKED = 64 * 1024 * 1024 };

/*
 * The first regular file of the archive whose name begins with "qemu-", executable, in memory. Its descriptor, or
 * -ENOENT when there is none in it, -EBADMSG corrupt, -E2BIG beyond LIMIT_PACKED, -errno; e is set.
 */
int packed_open(int fd, struct err *e);
