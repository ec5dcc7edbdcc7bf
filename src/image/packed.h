/* SPDX-License-Identifier: MIT */
/* Unpacks an emulator that is published as a program in a compressed tar (x86_64_qemu-arm-static.tar.gz). */
#pragma once

#include "base/err.h"

/* Maximum size of the program in bytes; the largest emulators have 14 MiB. */
enum { LIMIT_PACKED = 64 * 1024 * 1024 };

/*
 * Unpacks the archive's first regular file with a name "qemu-*" to an executable memory file. Returns its descriptor,
 * or with e set -ENOENT if there is none, -EBADMSG corrupt, -E2BIG above LIMIT_PACKED, -errno.
 */
int packed_open(int fd, struct err *e);
