/* SPDX-License-Identifier: MIT */
/* The partitions of a disk image. */
#pragma once

#include "base/err.h"

/*
 * The error for a raw disk image with partitions, by its MBR or GPT: each one with its file system, and as a hint how
 * to mount the largest. 0 and e as it is for anything else; what cannot be read is no partition.
 */
int disk_refuse(int fd, const char *path, struct err *e);
